// The impression of the nearest training study, by its findings or by feature vectors: what any generator must beat.
import { HybridmedError } from '@hybridmed/tensor';
import { cosineSimilarities } from '../ranking/retrieval.ts';
import type { Vectors } from '../vectors.ts';
import { sizesOf } from '../vectors.ts';
import { tfIdfSimilarities } from './tf-idf.ts';

/** Index of the greatest score; of equals, the first. Rounding must not choose between them, hence the margin. */
export function greatest(scores: Float64Array): number {
  let best = 0;
  scores.forEach((score, index) => {
    if (score > scores[best]! + 1e-12) best = index;
  });
  return best;
}

/** Indices of the k greatest scores, greatest first; of equals, the first, whatever the rounding of their last bits. */
export function largest(scores: Float64Array, k: number): number[] {
  const keyOf = (index: number) => Math.round(scores[index]! * 1e12);
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    if (best.length === k && keyOf(index) <= keyOf(best[k - 1]!)) continue;
    let at = best.length;
    while (at > 0 && keyOf(index) > keyOf(best[at - 1]!)) at--;
    best.splice(at, 0, index);
    if (best.length > k) best.pop();
  }
  return best;
}

/**
 * Indices of the corpus texts with the greatest tf-idf cosines, as `nearestTexts` has them: at most k, nearest first, of equals the first;
 * those of `excluded` and those without a word in common are left out.
 */
export function nearestFindings(corpus: readonly string[]): (query: string, k: number, excluded?: readonly number[]) => number[] {
  const similarities = tfIdfSimilarities(corpus);
  return (query, k, excluded = []) => {
    const scores = similarities(query);
    for (const index of excluded) scores[index] = 0;
    return largest(scores, k).filter((index) => scores[index]! > 0);
  };
}

/** A corpus text that is near a query, and its cosine. */
export interface Neighbour {
  readonly index: number;
  readonly similarity: number;
}

/** At most k corpus texts with a positive tf-idf cosine over words and pairs of words, which tell "no effusion" from "effusion"; nearest first, of equals the first. */
export function nearestByPhrases(corpus: readonly string[]): (query: string, k: number) => Neighbour[] {
  const similarities = tfIdfSimilarities(corpus, 2);
  return (query, k) => {
    const scores = similarities(query);
    return largest(scores, k).flatMap((index) => (scores[index]! > 0 ? [{ index, similarity: scores[index]! }] : []));
  };
}

/**
 * For each query the index of the corpus row with the greatest cosine; of equals, the first. Both are (rows, width). Throws for an
 * empty corpus, widths that differ, or values that are not finite.
 */
export function nearestVectors(queries: Vectors, corpus: Vectors): number[] {
  const [[rows], [columns]] = [sizesOf(queries), sizesOf(corpus)];
  if (columns === 0) throw new HybridmedError('nearestVectors: the corpus is empty; give the training features');
  const similarities = cosineSimilarities(queries, corpus);
  return Array.from({ length: rows }, (_, row) => greatest(similarities.subarray(row * columns, (row + 1) * columns)));
}

/**
 * For each query the index of the corpus text with the greatest tf-idf cosine (words of two characters or more, smoothed document
 * frequencies of the corpus); of equals, the first. A text without a known word gets index 0. Throws for an empty corpus.
 */
export function nearestTexts(queries: readonly string[], corpus: readonly string[]): number[] {
  if (corpus.length === 0) throw new HybridmedError('nearestTexts: the corpus is empty; give the training findings');
  const similarities = tfIdfSimilarities(corpus);
  return queries.map((query) => greatest(similarities(query)));
}
