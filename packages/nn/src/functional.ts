// Small functions of traced values that several packages need.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** x / max(|x|, 1e-12) over the last axis. */
export function normalize(x: Tensor): Tensor {
  const square = ops.sum(ops.mul(x, x), { axes: [-1], keepDims: true });
  return ops.div(x, ops.sqrt(ops.maximum(square, 1e-24)));
}

/** The greater of x and 0. */
export const relu = (x: Tensor): Tensor => ops.maximum(x, 0);

/** Sum of x where the mask (f32, 1 or 0, same shape) is 1, divided by `count` (f32 scalar; by default the mask's own sum, at least 1). */
export function maskedMean(x: Tensor, mask: Tensor, count?: Tensor): Tensor {
  return ops.div(ops.sum(ops.mul(x, mask)), count ?? ops.maximum(ops.sum(mask), 1));
}

/** 1 / (1 + exp(-x)); below -40 it stays at its value there, 4e-18, so that its gradient is finite. */
export const sigmoid = (x: Tensor): Tensor => ops.div(1, ops.add(ops.exp(ops.neg(ops.maximum(x, -40))), 1));

/** x sigmoid(x) [Ramachandran et al. 2017]. */
export const silu = (x: Tensor): Tensor => ops.mul(x, sigmoid(x));

/** x sigmoid(1.702 x): the approximation of GELU in OpenAI's CLIP [Hendrycks & Gimpel 2016]. */
export const quickGelu = (x: Tensor): Tensor => ops.mul(x, sigmoid(ops.mul(x, 1.702)));
