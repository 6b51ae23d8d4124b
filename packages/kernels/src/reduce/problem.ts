// What a reduction is: elements of a chain over a shape, and the axes that go.
import type { MapStep, View } from '../map/problem.ts';

/** Elements over all indices of `shape`: arrays as they are viewed, and the steps of a chain on them (none: the only array's elements). */
export interface Elements {
  readonly shape: readonly number[];
  readonly inputs: readonly View[];
  readonly steps: readonly MapStep[];
}

/** A reduction of elements over axes of their shape. Results are dense in the order of the other axes. */
export interface ReduceProblem extends Elements {
  readonly op: 'sum' | 'max';
  /** Type of the elements, as they are reduced, and of the results; arrays of f16 give f32. */
  readonly type: 'f32' | 'i32';
  readonly axes: readonly number[];
}
