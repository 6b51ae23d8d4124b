// Pooling of images by windows: the maximum and the mean of strided slices.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** Sides of a window, its steps, and zeros (the mean) or nothing (the maximum) around the image. */
export interface PoolingOptions {
  readonly kernel: number;
  readonly stride: number;
  /** 0 by default; at most half the kernel. */
  readonly padding?: number;
  /** No value is below 0, as after ReLU: then zeros around the image never exceed a maximum. */
  readonly nonNegative?: boolean;
}

/** Below every value that a network has, and a number in every format. */
const lowest = -1e30;

/** One slice for each element of the window, in its order: (B, C, H', W') each. */
function windowSlices(x: Tensor, { kernel, stride, padding = 0 }: PoolingOptions, outside: number): Tensor[] {
  const [batch, channels, height, width] = x.shape as [Tensor['shape'][number], number, number, number];
  const [high, wide] = [height + 2 * padding, width + 2 * padding];
  const pad = (value: Tensor) => ops.pad(value, [0, 0, padding, padding], [value.shape[0]!, value.shape[1]!, high, wide]);
  const padded = padding === 0 ? x : outside === 0 ? pad(x) : ops.where(pad(ops.full(1, [1, 1, height, width])), pad(x), outside);
  const sizes = [batch, channels, Math.floor((high - kernel) / stride) + 1, Math.floor((wide - kernel) / stride) + 1];
  return Array.from({ length: kernel * kernel }, (_, i) => ops.slice(padded, [0, 0, Math.floor(i / kernel), i % kernel], sizes, [1, 1, stride, stride]));
}

/** The maximum of each window: (B, C, H, W) -> (B, C, H', W'), H' = floor((H + 2 padding - kernel) / stride) + 1. Of equal ones the first has the gradient, as in torch. */
export const maxPool = (x: Tensor, options: PoolingOptions): Tensor =>
  windowSlices(x, options, options.nonNegative ? 0 : lowest).reduce((max, slice) => ops.maximum(max, slice));

/** The mean of each window, zeros around the image counted: (B, C, H, W) -> (B, C, H', W'). */
export const averagePool = (x: Tensor, options: PoolingOptions): Tensor =>
  ops.mul(
    windowSlices(x, options, 0).reduce((sum, slice) => ops.add(sum, slice)),
    1 / options.kernel ** 2,
  );
