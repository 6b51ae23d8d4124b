// What stands on both sides of a split.
import type { Split } from '../study.ts';

/** Something that belongs to a split. */
export interface InSplit {
  readonly split: Split;
}

/** How many keys items of more than one split have, and some of them: the first item of each side. */
export interface Shared<T> {
  readonly count: number;
  readonly examples: readonly (readonly [key: string, a: T, b: T])[];
}

const maxExamples = 10;

/** Finds keys that items of more than one split have. Items without a key (undefined or empty) are left out. */
export function acrossSplits<T extends InSplit>(items: Iterable<T>, key: (item: T) => string | undefined): Shared<T> {
  const first = new Map<string, T>();
  const shared = new Map<string, readonly [string, T, T]>();
  for (const item of items) {
    const value = key(item);
    if (!value) continue;
    const other = first.get(value);
    if (other === undefined) first.set(value, item);
    else if (other.split !== item.split && !shared.has(value)) shared.set(value, [value, other, item]);
  }
  return { count: shared.size, examples: [...shared.values()].slice(0, maxExamples) };
}

/** Number of items of each split. */
export function countSplits(items: Iterable<InSplit>): Record<Split, number> {
  const counts = { train: 0, validate: 0, test: 0 };
  for (const { split } of items) counts[split]++;
  return counts;
}
