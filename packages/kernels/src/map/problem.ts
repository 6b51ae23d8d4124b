// What an element-wise chain is: views of arrays, steps, and where the results go.
import type { ElementType } from '../kernel.ts';
import { sizeOf, stridesOf } from '../kernel.ts';
import type { MapOperationName } from './operations.ts';

/** What a step computes: an operation on values, or a constant, a position or a random number. */
export type MapOp = MapOperationName | 'constant' | 'index' | 'random';

/**
 * One step. `arguments` are numbers of earlier values: the inputs first, then the steps. `constant` has a `value`; `index` gives
 * the position along axis `value`; `random` reads input `arguments[0]`, a key of two i32, as a whole, with stream `value`.
 */
export interface MapStep {
  readonly op: MapOp;
  readonly type: ElementType;
  readonly arguments: readonly number[];
  readonly value?: number;
}

/** Where elements lie: `offset + sum(index * stride)`. A stride of 0 repeats. */
export interface View {
  readonly type: ElementType;
  /** Elements of the array that is bound. */
  readonly length: number;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A chain over all indices of `shape`; the last value (step, or the only input) is written. */
export interface MapProblem {
  readonly shape: readonly number[];
  readonly inputs: readonly View[];
  readonly steps: readonly MapStep[];
  readonly output: View;
}

/** True where a view's elements lie in the order of the index. */
export function isDense(view: View, shape: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && view.strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return view.offset === 0;
}

/** An array of a shape as it lies. */
export const denseView = (shape: readonly number[], type: ElementType = 'f32'): View => ({
  type,
  length: sizeOf(shape),
  offset: 0,
  strides: stridesOf(shape),
});
