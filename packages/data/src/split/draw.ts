// Splits drawn from ids alone, where a data set has none of its own: the same ids give the same split anywhere.
import { createHash } from 'node:crypto';
import type { Split } from '../study.ts';

/** First 4 bytes of sha256(id), big-endian, mod 10: 0-6 train, 7 validate, 8-9 test. */
export function splitOf(id: string): Split {
  const part = createHash('sha256').update(id).digest().readUInt32BE(0) % 10;
  return part < 7 ? 'train' : part === 7 ? 'validate' : 'test';
}

/** Distinct ids in the order of their sha256, written as hexadecimal. */
export function rankByHash(ids: Iterable<string>): string[] {
  return [...new Set(ids)]
    .map((id) => [createHash('sha256').update(id).digest('hex'), id] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, id]) => id);
}

/** Fractions of the ids for validation and test; the rest trains. */
export interface SplitFractions {
  readonly validate: number;
  readonly test: number;
}

/** Splits ids by the rank of their sha256: training first, then validation, then test, each fraction rounded. (26,684 ids at 15 % each: 18,678/4,003/4,003.) */
export function splitByRank(ids: Iterable<string>, { validate, test }: SplitFractions): Map<string, Split> {
  const ranked = rankByHash(ids);
  const [validates, tests] = [Math.round(validate * ranked.length), Math.round(test * ranked.length)];
  const trains = Math.max(0, ranked.length - validates - tests);
  return new Map(ranked.map((id, rank) => [id, rank < trains ? 'train' : rank < trains + validates ? 'validate' : 'test']));
}

/**
 * Draws ids whose items number at most `items`, whole ids in the order of their sha256; one that would go over is passed by. `sizes` are
 * each id's items.
 */
export function drawItems(sizes: ReadonlyMap<string, number>, items: number): Set<string> {
  const drawn = new Set<string>();
  let left = items;
  for (const id of rankByHash(sizes.keys())) {
    if (left === 0) break;
    const size = sizes.get(id)!;
    if (size > left) continue;
    drawn.add(id);
    left -= size;
  }
  return drawn;
}
