// An array on the host and the ONNX Runtime tensor that shares its memory.
import type { HostArray } from '@hybridmed/tensor';
import { Tensor as OrtTensor } from '../session/runtime.ts';

/** One entry of the state. */
export interface Entry {
  readonly array: HostArray;
  readonly tensor: OrtTensor;
  /** True where the memory is the entry's own for good: new numbers are copied into it. */
  readonly fixed: boolean;
}

/** A tensor over an array's memory. */
export function bindTensor({ data, shape }: HostArray): OrtTensor {
  if (data instanceof Int32Array) return new OrtTensor('int32', data, shape);
  return new OrtTensor('float32', data instanceof Float32Array ? data : new Float32Array(data), shape);
}

/** An entry over an array. */
export function bindEntry(array: HostArray, fixed = false): Entry {
  return { array, tensor: bindTensor(array), fixed };
}
