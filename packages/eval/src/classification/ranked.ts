// AUC and average precision of many resamples of one class: scores are sorted once, a resample is a count for each study.
import type { Labels } from '../ranking/auc.ts';

/** A class whose studies are sorted by score, greatest first, in groups of equal scores. */
export interface RankedClass {
  /** Indices of the studies, greatest score first. */
  readonly order: Int32Array;
  /** Where each group of equal scores ends in `order`. */
  readonly ends: Int32Array;
  /** 1 for a positive study, by study. */
  readonly positive: Uint8Array;
}

/** Sorts the studies `of` a class, indices into labels and scores, once. */
export function rankClass(of: readonly number[], labels: Labels, scores: ArrayLike<number>): RankedClass {
  const order = Int32Array.from(of).toSorted((a, b) => scores[b]! - scores[a]!);
  const ends: number[] = [];
  order.forEach((study, i) => {
    if (i + 1 === order.length || scores[order[i + 1]!] !== scores[study]) ends.push(i + 1);
  });
  return { order, ends: Int32Array.from(ends), positive: Uint8Array.from({ length: labels.length }, (_, i) => (labels[i] ? 1 : 0)) };
}

/** AUC (ties count half) and average precision where study i counts `counts[i]` times; NaN where a class is missing. */
export function rankedStatistics({ order, ends, positive }: RankedClass, counts: Int32Array): { auc: number; averagePrecision: number } {
  let [above, below, wins, precision, start] = [0, 0, 0, 0, 0];
  for (const end of ends) {
    let [hits, misses] = [0, 0];
    for (let i = start; i < end; i++) {
      const study = order[i]!;
      if (positive[study]) hits += counts[study]!;
      else misses += counts[study]!;
    }
    start = end;
    wins += misses * (above + hits / 2);
    above += hits;
    below += misses;
    if (hits > 0) precision += (hits * above) / (above + below);
  }
  if (above === 0 || below === 0) return { auc: Number.NaN, averagePrecision: Number.NaN };
  return { auc: wins / (above * below), averagePrecision: precision / above };
}
