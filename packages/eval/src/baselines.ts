// What any generator must beat: the most frequent impression, and the impression of the nearest training study, by its findings
// or by feature vectors.
import { HybridmedError } from '@hybridmed/tensor';
import type { Vectors } from './vectors.ts';
import { sizesOf } from './vectors.ts';
import { cosineSimilarities } from './ranking/retrieval.ts';

/** The text that occurs most often; of several, the first to occur. Throws for no texts. */
export function mostFrequent(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  let best: string | undefined;
  for (const [text, count] of counts) if (best === undefined || count > counts.get(best)!) best = text;
  if (best === undefined) throw new HybridmedError('mostFrequent: no texts; give the training impressions');
  return best;
}

type Sparse = ReadonlyMap<string, number>;

const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];

function termCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** tf-idf vectors of unit length with smoothed frequencies, ln((1 + n) / (1 + df)) + 1; words the corpus lacks are left out. */
function tfIdf(corpus: readonly string[]): (text: string) => Sparse {
  const frequencies = new Map<string, number>();
  for (const text of corpus) for (const word of new Set(words(text))) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  const weight = (word: string) => Math.log((1 + corpus.length) / (1 + frequencies.get(word)!)) + 1;
  return (text) => {
    const vector = [...termCounts(text)].filter(([word]) => frequencies.has(word)).map(([word, count]) => [word, count * weight(word)] as const);
    const norm = Math.sqrt(vector.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
    return new Map(vector.map(([word, value]) => [word, value / norm]));
  };
}

/** Index of the greatest score; of equals, the first. Rounding must not choose between them, hence the margin. */
function greatest(scores: Float64Array): number {
  let best = 0;
  scores.forEach((score, index) => {
    if (score > scores[best]! + 1e-12) best = index;
  });
  return best;
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
  const vectorOf = tfIdf(corpus);
  const postings = new Map<string, [number, number][]>();
  corpus.forEach((text, index) => {
    for (const [word, value] of vectorOf(text)) {
      const list = postings.get(word) ?? [];
      list.push([index, value]);
      postings.set(word, list);
    }
  });
  return queries.map((query) => {
    const scores = new Float64Array(corpus.length);
    for (const [word, value] of vectorOf(query)) for (const [index, other] of postings.get(word) ?? []) scores[index]! += value * other;
    return greatest(scores);
  });
}
