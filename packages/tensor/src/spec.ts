// What a value is apart from its numbers: element type and shape. Nodes and ops are made of it.
import type { Shape } from './dim.ts';

/** Element types. `f32` (the plain reference may compute it in float64) and `i32` (ids, counts, random keys). */
export type DType = 'f32' | 'i32';

/** Shape and dtype of a value. */
export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}
