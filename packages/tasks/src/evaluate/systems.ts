// The systems whose texts an evaluation compares, as rows: what tables, panels and reports iterate over.

/** Each system in the order of tables: its key in a report, its title, and whether it is the model's own or a baseline. The image's may be missing. */
export const textSystems = [
  { key: 'image', title: 'from the image', kind: 'own' },
  { key: 'imageRatio', title: 'from the image, likelihood ratio', kind: 'own' },
  { key: 'findings', title: 'from the findings', kind: 'own' },
  { key: 'mostFrequent', title: 'most frequent impression', kind: 'baseline' },
  { key: 'nearestFindings', title: 'nearest findings (tf-idf)', kind: 'baseline' },
  { key: 'consensus', title: 'consensus of 10 nearest findings', kind: 'baseline' },
] as const;

/** The key of a system. */
export type TextSystem = (typeof textSystems)[number]['key'];

/** Systems that some evaluations do not have: a stage-1 model has no image branch, and not every model has a likelihood ratio. */
const optionalSystems = ['image', 'imageRatio'] as const satisfies readonly TextSystem[];

type OptionalSystem = (typeof optionalSystems)[number];

/** The systems that every evaluation has. */
export const requiredSystems = textSystems.map(({ key }) => key).filter((key) => !optionalSystems.some((optional) => optional === key));

/** A value for each system. */
export type BySystem<T> = Readonly<Partial<Record<OptionalSystem, T>> & Record<Exclude<TextSystem, OptionalSystem>, T>>;

/** A value for each system that is there, from its own. */
export function mapSystems<T, U>(values: BySystem<T>, map: (value: T, system: TextSystem) => U): BySystem<U> {
  return Object.fromEntries(
    textSystems.flatMap(({ key }) => {
      const value = values[key];
      return value === undefined ? [] : [[key, map(value, key)]];
    }),
  ) as unknown as BySystem<U>;
}
