// Numbers on the host: a typed array with its shape. What users hold, what goes into a program and comes back.
import { sizeOf } from './shape.ts';
import type { DType } from './spec.ts';

/** A typed array with its shape, row-major. Float64Array stands for f32 in the plain reference, which can compute in float64. */
export interface HostArray {
  readonly data: Float32Array | Float64Array | Int32Array;
  readonly shape: readonly number[];
}

/** Named host arrays. */
export type HostArrays = Readonly<Record<string, HostArray>>;

/** Makes a host array. A plain list of numbers becomes f32. Throws a RangeError when the shape does not hold the data's length. */
export function array(data: HostArray['data'] | readonly number[], shape?: readonly number[]): HostArray {
  const typed = Array.isArray(data) ? Float32Array.from(data) : (data as HostArray['data']);
  const dims = shape ?? [typed.length];
  const elements = sizeOf(dims);
  if (elements !== typed.length) throw new RangeError(`array: ${typed.length} numbers do not fill the shape [${dims.join(', ')}] of ${elements}`);
  return { data: typed, shape: dims };
}

/** The dtype a host array's data stands for. */
export function dtypeOf({ data }: HostArray): DType {
  return data instanceof Int32Array ? 'i32' : 'f32';
}
