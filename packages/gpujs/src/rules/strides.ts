// Walking arrays: reading one array in the order of another, larger shape.
import { sizeOf, stridesOf } from '@hybridmed/tensor';

/** Strides that read `shape` as if it were broadcast to `target`: 0 along repeated axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/** For every element of `shape` in row-major order, the offset that `strides` give it. */
export function offsets(shape: readonly number[], strides: readonly number[], base = 0): Int32Array {
  const total = sizeOf(shape);
  const result = new Int32Array(total);
  if (total === 0) return result;
  const index = shape.map(() => 0);
  let offset = base;
  for (let i = 0; i < total; i++) {
    result[i] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
