// Reductions on the host, in float64.
import type { Numbers } from '../kernel.ts';
import { sizeOf, stridesOf } from '../kernel.ts';
import { elementsOf } from '../map/reference.ts';
import type { ReduceProblem } from './problem.ts';

/** Every element in turn, taken into its result. */
export function reference(problem: ReduceProblem, arrays: readonly Numbers[]): Numbers[] {
  const { op, type, shape, axes } = problem;
  const stay = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const sizes = stay.map((axis) => shape[axis]!);
  const strides = stridesOf(sizes);
  const start = op === 'sum' ? 0 : type === 'i32' ? -2147483648 : -3.4028234663852886e38;
  const totals = new Float64Array(sizeOf(sizes)).fill(start);
  elementsOf(problem, arrays, (value, index) => {
    const at = stay.reduce((sum, axis, i) => sum + index[axis]! * strides[i]!, 0);
    totals[at] = op === 'sum' ? totals[at]! + value : Math.max(totals[at]!, value);
  });
  return [type === 'i32' ? Int32Array.from(totals) : Float32Array.from(totals)];
}
