// Rows of vectors, as encoders give them.

/** Rows of vectors: data (rows, width), row-major. */
export interface Vectors {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

/** How many rows there are, and their width. */
export const sizesOf = ({ shape }: Vectors): readonly [rows: number, width: number] => [shape[0] ?? 0, shape[1] ?? 0];

/** Whether the data fill the rows. */
export function isFilled(vectors: Vectors): boolean {
  const [rows, width] = sizesOf(vectors);
  return vectors.data.length === rows * width;
}
