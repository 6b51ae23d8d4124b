// Rows of vectors, picked by index.
import type { Vectors } from '@hybridmed/eval';

/** Rows of vectors by index. */
export function pickRows({ data, shape }: Vectors, rows: readonly number[]): Vectors {
  const width = shape[1]!;
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, at) => picked.set(data.subarray(row * width, (row + 1) * width), at * width));
  return { data: picked, shape: [rows.length, width] };
}
