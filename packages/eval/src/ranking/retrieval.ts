// Retrieval: ranks of what belongs to a query among a gallery, by cosine similarity.
import { HybridmedError } from '@hybridmed/tensor';
import { checkScores } from '../errors.ts';

/** Rows of vectors: data (rows, width), row-major. */
export interface Vectors {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

function unitRows({ data, shape }: Vectors): Float64Array {
  const [rows, width] = [shape[0] ?? 0, shape[1] ?? 0];
  const result = Float64Array.from(data);
  for (let row = 0; row < rows; row++) {
    let square = 0;
    for (let i = 0; i < width; i++) square += result[row * width + i]! ** 2;
    const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
    for (let i = 0; i < width; i++) result[row * width + i]! *= scale;
  }
  return result;
}

/** Cosine similarities (queries, gallery), row-major. Throws for widths that differ or values that are not numbers. */
export function cosineSimilarities(queries: Vectors, gallery: Vectors): Float64Array {
  const [rows, columns, width] = [queries.shape[0] ?? 0, gallery.shape[0] ?? 0, queries.shape[1] ?? 0];
  if (gallery.shape[1] !== width) throw new HybridmedError(`cosineSimilarities: queries have width ${width}, the gallery ${gallery.shape[1]}; embed both with one model`);
  checkScores('cosineSimilarities', queries.data);
  checkScores('cosineSimilarities', gallery.data);
  const [a, b] = [unitRows(queries), unitRows(gallery)];
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

/**
 * For each query, the rank (from 0) of the best gallery entry that belongs to it; entries with an equal score count as ranked
 * before it, so that a constant model gains nothing. `similarities` is (queries, gallery).
 */
export function ranks(similarities: Float64Array, queries: number, belongs: (query: number, entry: number) => boolean): number[] {
  const columns = similarities.length / queries;
  return Array.from({ length: queries }, (_, query) => {
    const row = similarities.subarray(query * columns, (query + 1) * columns);
    let best = -Infinity;
    row.forEach((score, entry) => {
      if (score > best && belongs(query, entry)) best = score;
    });
    let [before, own] = [0, 0];
    row.forEach((score, entry) => {
      if (score > best) before++;
      else if (score === best && belongs(query, entry)) own++;
      else if (score === best) before++;
    });
    return own === 0 ? columns : before;
  });
}

/** R@K: share of queries whose own entry is among the first K. */
export const recallAt = (rank: readonly number[], k: number): number => rank.filter((value) => value < k).length / rank.length;

/** P@K of each query: share of its first K entries that are relevant; ties broken by gallery order. */
export function precisionAt(similarities: Float64Array, queries: number, relevant: (query: number, entry: number) => boolean, k: number): number[] {
  const columns = similarities.length / queries;
  return Array.from({ length: queries }, (_, query) => {
    const row = similarities.subarray(query * columns, (query + 1) * columns);
    const first = Array.from(row.keys()).toSorted((a, b) => row[b]! - row[a]! || a - b).slice(0, k);
    return first.filter((entry) => relevant(query, entry)).length / Math.min(k, columns);
  });
}
