// What a layer norm over the last axis is, in either pass: sizes, and the arrays that it takes and gives.

/** Rows of `width` elements. Forward: x, weight, bias -> y, mean, scale. Gradient: x, weight, mean, scale, dy -> dx, dweight, dbias. */
export interface LayerNormProblem {
  readonly of: 'forward' | 'gradient';
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
  /** Whether y is stored as f16; statistics and gradients are f32. */
  readonly half?: boolean;
}
