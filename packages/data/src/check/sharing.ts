// What stands on both sides of a split.
import type { Split } from '../study.ts';

/** Something that belongs to a split. */
export interface InSplit {
  readonly split: Split;
}

/** Number of keys that items of more than one split have. Items without a key (undefined or empty) are left out. */
export function acrossSplits<T extends InSplit>(items: Iterable<T>, key: (item: T) => string | undefined): number {
  const first = new Map<string, Split>();
  const shared = new Set<string>();
  for (const item of items) {
    const value = key(item);
    if (!value) continue;
    const split = first.get(value);
    if (split === undefined) first.set(value, item.split);
    else if (split !== item.split) shared.add(value);
  }
  return shared.size;
}

/** Number of items of each split. */
export function countSplits(items: Iterable<InSplit>): Record<Split, number> {
  const counts = { train: 0, validate: 0, test: 0 };
  for (const { split } of items) counts[split]++;
  return counts;
}
