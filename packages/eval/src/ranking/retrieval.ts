// Retrieval: where what belongs to a query stands in a gallery ordered by similarity.
import { HybridmedError } from '@hybridmed/tensor';
import { checkPlaces, checkScores } from '../errors.ts';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';

function unitRows(vectors: Vectors, name: string): Float64Array {
  const { data, shape } = vectors;
  const [rows, width] = sizesOf(vectors);
  if (!isFilled(vectors))
    throw new HybridmedError(`cosineSimilarities: the ${name} has ${data.length} values and shape [${shape.join(', ')}]; give (rows, width)`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new HybridmedError(`cosineSimilarities: value ${bad} of the ${name} is ${data[bad]}; mend what computes it`);
  const result = Float64Array.from(data);
  for (let row = 0; row < rows; row++) {
    const vector = result.subarray(row * width, (row + 1) * width);
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) for (let i = 0; i < width; i++) vector[i]! /= norm;
  }
  return result;
}

/**
 * Cosine similarities (queries, gallery), row-major; a vector of zeros is similar to none. Throws for widths that differ, or values
 * that are not finite.
 */
export function cosineSimilarities(queries: Vectors, gallery: Vectors): Float64Array {
  const [[rows, width], [columns]] = [sizesOf(queries), sizesOf(gallery)];
  if (gallery.shape[1] !== width)
    throw new HybridmedError(`cosineSimilarities: queries have width ${width}, the gallery ${gallery.shape[1]}; embed both with one model`);
  const [a, b] = [unitRows(queries, 'queries'), unitRows(gallery, 'gallery')];
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let dot = 0;
      for (let k = 0; k < width; k++) dot += a[i * width + k]! * b[j * width + k]!;
      result[i * columns + j] = dot;
    }
  }
  return result;
}

/** Splits similarities (queries, gallery) into a row for each query. */
function rowsOf(metric: string, similarities: Float64Array, queries: number): Float64Array[] {
  const columns = similarities.length / queries;
  if (!Number.isInteger(columns) || columns < 1)
    throw new HybridmedError(`${metric}: ${similarities.length} similarities for ${queries} queries; give (queries, gallery), neither empty`);
  checkScores(metric, similarities);
  return Array.from({ length: queries }, (_, query) => similarities.subarray(query * columns, (query + 1) * columns));
}

/**
 * For each query, the rank (from 0) of the best gallery entry that belongs to it; others with an equal score count as ranked
 * before it, so that a constant model gains nothing. The size of the gallery where none belongs. `similarities` is (queries,
 * gallery). Throws for none, or where one is not a number.
 */
export function ranks(similarities: Float64Array, queries: number, belongs: (query: number, entry: number) => boolean): number[] {
  return rowsOf('ranks', similarities, queries).map((row, query) => {
    const own = Array.from(row, (_, entry) => belongs(query, entry));
    if (!own.includes(true)) return row.length;
    const best = row.reduce((most, score, entry) => (own[entry] ? Math.max(most, score) : most), -Infinity);
    return row.reduce((before, score, entry) => (score > best || (score === best && !own[entry]) ? before + 1 : before), 0);
  });
}

/** R@K: fraction of queries whose own entry is among the first K, from the ranks of `ranks`. Throws for no ranks. */
export function recallAt(rank: readonly number[], k: number): number {
  checkPlaces('recallAt', k);
  if (rank.length === 0) throw new HybridmedError('recallAt: no ranks; give at least one');
  return rank.filter((value) => value < k).length / rank.length;
}

/**
 * P@K of each query: fraction of its first K entries (of the whole gallery, where that is smaller) that are relevant. Entries tied for
 * the last places share them evenly, whatever the gallery's order. `similarities` is (queries, gallery). Throws for none, or where
 * one is not a number.
 */
export function precisionAt(similarities: Float64Array, queries: number, relevant: (query: number, entry: number) => boolean, k: number): number[] {
  checkPlaces('precisionAt', k);
  return rowsOf('precisionAt', similarities, queries).map((row, query) => {
    const places = Math.min(k, row.length);
    const last = row.toSorted((a, b) => b - a)[places - 1]!;
    let [above, hits, tied, tiedHits] = [0, 0, 0, 0];
    row.forEach((score, entry) => {
      if (score < last) return;
      const hit = relevant(query, entry) ? 1 : 0;
      if (score > last) [above, hits] = [above + 1, hits + hit];
      else [tied, tiedHits] = [tied + 1, tiedHits + hit];
    });
    return (hits + ((places - above) * tiedHits) / tied) / places;
  });
}
