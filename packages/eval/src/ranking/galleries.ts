// Retrieval protocols over galleries of any size: recall with chance, precision by class, sets of one class alone, nearest entries.
import { HybridmedError } from '@hybridmed/tensor';
import { checkPlaces } from '../errors.ts';
import type { Interval } from '../statistics/bootstrap.ts';
import { bootstrapMean } from '../statistics/bootstrap.ts';
import { mean } from '../statistics/mean.ts';
import type { Vectors } from '../vectors.ts';
import { sizesOf } from '../vectors.ts';
import { cosineSimilarities, precisionAt, ranks } from './retrieval.ts';

// Queries compared at once: similarities (256, gallery) stay small whatever the gallery.
const block = 256;

/** Calls `visit` with the similarities of some queries at a time, (rows, gallery), and the number of the first one. */
function inBlocks(queries: Vectors, gallery: Vectors, visit: (similarities: Float64Array, rows: number, start: number) => void): void {
  const [rows, width] = sizesOf(queries);
  for (let start = 0; start < rows; start += block) {
    const count = Math.min(block, rows - start);
    visit(cosineSimilarities({ data: queries.data.subarray(start * width, (start + count) * width), shape: [count, width] }, gallery), count, start);
  }
}

/** Recall of one direction. */
export interface RecallReport {
  readonly queries: number;
  readonly gallery: number;
  /** Median rank of the best own entry, from 1. */
  readonly medianRank: number;
  /** R@K by K, with its interval over queries, and what a random order gives. */
  readonly recall: Readonly<Record<string, Interval & { readonly chance: number }>>;
}

/** Chance that one of `own` of `size` entries is among K drawn at random. */
function chanceOf(own: number, size: number, k: number): number {
  let miss = 1;
  for (let i = 0; i < k; i++) miss *= Math.max(0, size - own - i) / (size - i);
  return 1 - miss;
}

/**
 * R@K of queries (Q, d) in a gallery (G, d) for the given K below G. `belongs` says which entries are a query's own; each query needs
 * at least one. Throws for an empty gallery, or a query without an entry.
 */
export function recallReport(queries: Vectors, gallery: Vectors, belongs: (query: number, entry: number) => boolean, places: readonly number[]): RecallReport {
  const [size] = sizesOf(gallery);
  const bestRanks: number[] = [];
  const owns: number[] = [];
  inBlocks(queries, gallery, (similarities, rows, start) => {
    bestRanks.push(...ranks(similarities, rows, (row, entry) => belongs(start + row, entry)));
    for (let row = 0; row < rows; row++) {
      let own = 0;
      for (let entry = 0; entry < size; entry++) if (belongs(start + row, entry)) own++;
      if (own === 0) throw new HybridmedError(`recallReport: query ${start + row} has no entry of its own in the gallery; leave it out`);
      owns.push(own);
    }
  });
  if (bestRanks.length === 0) throw new HybridmedError('recallReport: no queries; give at least one');
  const recall = places
    .filter((k) => k < size)
    .map((k) => {
      checkPlaces('recallReport', k);
      const chance = mean(owns.map((own) => chanceOf(own, size, k)));
      return [`R@${k}`, { ...bootstrapMean(bestRanks.map((rank) => (rank < k ? 1 : 0))), chance }];
    });
  return {
    queries: bestRanks.length,
    gallery: size,
    medianRank: bestRanks.toSorted((a, b) => a - b)[Math.floor(bestRanks.length / 2)]! + 1,
    recall: Object.fromEntries(recall),
  };
}

/** Precision of one direction by class. */
export interface PrecisionReport {
  readonly queries: number;
  readonly gallery: number;
  /** P@K by K: over all queries with its interval, by the query's class, and what a random order gives. */
  readonly precision: Readonly<Record<string, Interval & { readonly byClass: Readonly<Record<string, number>>; readonly chance: number }>>;
}

/**
 * P@K: fraction of the first K gallery entries that are of the query's class, as in the 5x200 protocols. With `same`, queries and gallery
 * are one set and a query does not find itself. Throws for classes that do not pair with vectors, or an empty gallery.
 */
export function precisionReport(
  queries: Vectors,
  gallery: Vectors,
  { queryClasses, galleryClasses, same = false }: { queryClasses: readonly string[]; galleryClasses: readonly string[]; same?: boolean },
  places: readonly number[],
): PrecisionReport {
  const [size] = sizesOf(gallery);
  if (queryClasses.length !== queries.shape[0] || galleryClasses.length !== size)
    throw new HybridmedError(
      `precisionReport: ${queryClasses.length} and ${galleryClasses.length} classes for ${queries.shape[0]} queries and ${size} entries; give one each`,
    );
  const usable = places.filter((k) => k < size);
  const values: number[][] = usable.map(() => []);
  inBlocks(queries, gallery, (similarities, rows, start) => {
    if (same) for (let row = 0; row < rows; row++) similarities[row * size + start + row] = -Infinity;
    usable.forEach((k, at) => values[at]!.push(...precisionAt(similarities, rows, (row, entry) => queryClasses[start + row] === galleryClasses[entry], k)));
  });
  const sizes = new Map<string, number>();
  for (const name of galleryClasses) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  const self = same ? 1 : 0;
  const chance = mean(queryClasses.map((name) => ((sizes.get(name) ?? 0) - self) / (size - self)));
  const precision = usable.map((k, at) => {
    const byClass = Object.fromEntries([...new Set(queryClasses)].map((name) => [name, mean(values[at]!.filter((_, query) => queryClasses[query] === name))]));
    return [`P@${k}`, { ...bootstrapMean(values[at]!), byClass, chance }];
  });
  return { queries: queryClasses.length, gallery: size, precision: Object.fromEntries(precision) };
}

/**
 * Studies positive for one of the classes alone, `perClass` of each, in the order given [the 5x200 of Zhang et al. 2022: 200 of each of
 * five classes]: index and class. Studies with an unknown label of another class are not taken.
 */
export function exclusiveSets(
  labels: readonly Readonly<Record<string, 0 | 1 | undefined>>[],
  classes: readonly string[],
  perClass: number,
): { index: number; class: string }[] {
  const taken = new Map<string, number>();
  return labels.flatMap((own, index) => {
    const positive = classes.filter((name) => own[name] === 1);
    if (positive.length !== 1 || classes.some((name) => own[name] === undefined)) return [];
    const name = positive[0]!;
    const count = (taken.get(name) ?? 0) + 1;
    if (count > perClass) return [];
    taken.set(name, count);
    return [{ index, class: name }];
  });
}

/** The K gallery entries (G, d) nearest to one vector (1, d), nearest first, with their cosines; of equals, the earlier first. */
export function nearestEntries(query: Vectors, gallery: Vectors, k: number): { entry: number; similarity: number }[] {
  checkPlaces('nearestEntries', k);
  const similarities = cosineSimilarities(query, gallery);
  return Array.from(similarities, (similarity, entry) => ({ entry, similarity }))
    .toSorted((a, b) => b.similarity - a.similarity || a.entry - b.entry)
    .slice(0, k);
}
