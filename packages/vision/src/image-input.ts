// The first step of encoders whose normalization is not folded into their first layer: from images in [-1, 1] to what the published network gets.
import { count, numberList, optional } from '@hybridmed/nn/rules';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** Images, and how they are normalized: mean and standard deviation of pixels from 0 to 1 for each channel of the first layer; without them images go in as they are. */
export interface ImageInput {
  readonly imageSize: number;
  readonly channels: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Rules of these fields, with bounds several times what published encoders have. */
export const imageRules = {
  imageSize: count(4096),
  channels: count(16),
  mean: optional(numberList(16, -1e6, 1e6)),
  std: optional(numberList(16, 1e-9, 1e6)),
} as const;

/** Channels of the first layer. */
export const firstChannels = ({ channels, mean }: Pick<ImageInput, 'channels' | 'mean'>): number => mean?.length ?? channels;

/** What a file's fields must be to each other: as many deviations as means, and channels that can become those of the first layer. */
export const fitsNormalization = ({ channels, mean, std }: ImageInput): boolean =>
  mean?.length === std?.length && (mean === undefined || mean.length === channels || mean.length === 1 || channels === 1);

const constants = (values: readonly number[]): Tensor =>
  new Set(values).size === 1
    ? ops.full(values[0]!, [1, 1, 1, 1])
    : ops.concat(
        values.map((value) => ops.full(value, [1, 1, 1, 1])),
        1,
      );

/** Images (B, channels, H, W) in [-1, 1] -> (B, channels of the first layer, H, W): a grey image is the same in all of them, the mean of equal channels is one. */
export function normalizedImage(x: Tensor, { channels, mean, std }: ImageInput): Tensor {
  if (!mean || !std) return x;
  const single = mean.length === 1 && channels > 1 ? ops.mean(x, { axes: [1], keepDims: true }) : x;
  const scaled = ops.add(ops.mul(single, constants(std.map((value) => 0.5 / value))), constants(mean.map((value, i) => (0.5 - value) / std[i]!)));
  return channels === 1 && mean.length > 1 ? ops.broadcast(scaled, [x.shape[0]!, mean.length, ...x.shape.slice(2)]) : scaled;
}
