// Reductions on the host, in float64.
import type { Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import type { ReduceProblem } from './index.ts';

function offset(flat: number, sizes: readonly number[], strides: readonly number[]): number {
  let [rest, sum] = [flat, 0];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    sum += (rest % sizes[axis]!) * strides[axis]!;
    rest = Math.floor(rest / sizes[axis]!);
  }
  return sum;
}

/** Every result in turn. */
export function reference({ op, type, kept, keptStrides, reduced, reducedStrides }: ReduceProblem, x: Numbers): Numbers[] {
  const out = type === 'i32' ? new Int32Array(product(kept)) : new Float32Array(product(kept));
  for (let i = 0; i < out.length; i++) {
    const base = offset(i, kept, keptStrides);
    let total = op === 'sum' ? 0 : type === 'i32' ? -2147483648 : -3.4028234663852886e38;
    for (let j = 0; j < product(reduced); j++) {
      const value = x[base + offset(j, reduced, reducedStrides)]!;
      total = op === 'sum' ? total + value : Math.max(total, value);
    }
    out[i] = total;
  }
  return [out];
}
