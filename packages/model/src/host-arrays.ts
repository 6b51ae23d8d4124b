// Arrays on the host: scalars, zeros, and rows (indices of the first axis) taken, cut out and joined.
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';

interface Rows<D extends HostArray['data']> {
  readonly data: D;
  readonly shape: readonly number[];
}

/** A scalar, f32. */
export const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

/** Zeros of a shape, f32. */
export const zeros = (shape: readonly number[]): HostArray => ({ data: new Float32Array(sizeOf(shape)), shape });

/** Rows `from` up to `to`, on the same memory. */
export function sliceRows({ data, shape }: HostArray, from: number, to: number): HostArray {
  const size = sizeOf(shape.slice(1));
  return { data: data.subarray(from * size, to * size), shape: [to - from, ...shape.slice(1)] };
}

/** Rows by index, in their order; the array itself where they are all of its rows. */
export function takeRows<D extends HostArray['data']>(array: Rows<D>, rows: ArrayLike<number>): Rows<D> {
  const { data, shape } = array;
  const indices = Array.from(rows);
  if (indices.length === shape[0] && indices.every((row, i) => row === i)) return array;
  const size = sizeOf(shape.slice(1));
  const taken = new (data.constructor as new (length: number) => D)(indices.length * size);
  indices.forEach((row, i) => taken.set(data.subarray(row * size, (row + 1) * size), i * size));
  return { data: taken, shape: [indices.length, ...shape.slice(1)] };
}

/** Arrays (b_i, ...) joined along the first axis, f32. Throws a RangeError for none. */
export function concatRows(arrays: readonly HostArray[]): HostArray & { readonly data: Float32Array } {
  if (arrays.length === 0) throw new RangeError('concatRows: there are no arrays to join');
  const data = new Float32Array(arrays.reduce((total, array) => total + array.data.length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array.data, at);
    at += array.data.length;
  }
  return { data, shape: [arrays.reduce((total, { shape }) => total + shape[0]!, 0), ...arrays[0]!.shape.slice(1)] };
}
