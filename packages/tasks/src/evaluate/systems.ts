// The systems whose texts an evaluation compares, as rows: what tables, panels and reports iterate over.

/** Each system in the order of tables: its key in a report, its title, and whether it is the model's own or a baseline. */
export const textSystems = [
  { key: 'image', title: 'from the image', kind: 'own' },
  { key: 'findings', title: 'from the findings', kind: 'own' },
  { key: 'mostFrequent', title: 'most frequent impression', kind: 'baseline' },
  { key: 'nearestFindings', title: 'nearest findings (tf-idf)', kind: 'baseline' },
  { key: 'consensus', title: 'consensus of 10 nearest findings', kind: 'baseline' },
] as const;

/** The key of a system. */
export type TextSystem = (typeof textSystems)[number]['key'];

/** A value for each system; the model's image branch may be missing. */
export type BySystem<T> = Readonly<{ image?: T } & Record<Exclude<TextSystem, 'image'>, T>>;

/** A value for each system that is there, from its own. */
export function mapSystems<T, U>(values: BySystem<T>, map: (value: T, system: TextSystem) => U): BySystem<U> {
  return Object.fromEntries(
    textSystems.flatMap(({ key }) => {
      const value = values[key];
      return value === undefined ? [] : [[key, map(value, key)]];
    }),
  ) as unknown as BySystem<U>;
}
