// Rules of reductions on arrays, with sums in float64.
import { sizeOf } from '@hybridmed/tensor';
import type { Rule, Value } from './rule.ts';
import { broadcastStrides, offsets } from './strides.ts';

/** For each element of x, the place its reduction goes to. */
function reducedOffsets(x: Value, axes: readonly number[]): Int32Array {
  const reducedShape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return offsets(x.shape, broadcastStrides(reducedShape, x.shape));
}

const sum: Rule<'sum'> = ([x], { axes }, [shape], run) => {
  const total = new Float64Array(sizeOf(shape!));
  const at = reducedOffsets(x!, axes);
  for (let i = 0; i < at.length; i++) total[at[i]!]! += x!.data[i]!;
  const out = x!.data instanceof Int32Array ? new Int32Array(total.length) : run.floats(total.length);
  out.set(total);
  return [{ data: out, shape: shape! }];
};

const max: Rule<'max'> = ([x], { axes }, [shape], run) => {
  const out = x!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)).fill(-2147483648) : run.floats(sizeOf(shape!)).fill(-3.4028234663852886e38);
  const at = reducedOffsets(x!, axes);
  for (let i = 0; i < at.length; i++) if (x!.data[i]! > out[at[i]!]!) out[at[i]!] = x!.data[i]!;
  return [{ data: out, shape: shape! }];
};

const argmax: Rule<'argmax'> = ([x], _attributes, [shape]) => {
  const width = x!.shape.at(-1)!;
  const out = Int32Array.from({ length: sizeOf(shape!) }, (_, row) => {
    let best = 0;
    for (let j = 1; j < width; j++) if (x!.data[row * width + j]! > x!.data[row * width + best]!) best = j;
    return best;
  });
  return [{ data: out, shape: shape! }];
};

/** Rules of reductions. */
export const reductions = { sum, max, argmax };
