// What a batch norm over images is, in either pass.

/**
 * Images (batch, channels, places). Forward: x, weight, bias -> y, mean, variance. Gradient: x, weight, mean, variance, dy -> dx,
 * dweight, dbias.
 */
export interface BatchNormProblem {
  readonly of: 'forward' | 'gradient';
  readonly batch: number;
  readonly channels: number;
  readonly places: number;
  readonly epsilon: number;
}
