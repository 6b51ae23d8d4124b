// The first layer of a published encoder on our images, which are in [-1, 1]: normalization and channels folded into its values where that is
// exact, else the first step of the encoder.
import type { Recipe } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import { sizeOf } from '@hybridmed/tensor';
import { fitChannels } from './fit-channels.ts';
import type { Normalization } from './normalization.ts';
import { isIdentity } from './normalization.ts';

/** The tensor of a first convolution (outputs, channels, kernel, kernel), and what the encoder is wanted for. */
export interface FirstLayer {
  readonly tensor: string;
  readonly shape: readonly number[];
  /** Channels of the images. */
  readonly wanted: number;
  readonly normalization: Normalization | undefined;
  readonly label: string;
}

/** The numbers of each channel. Throws a WeightsError where their number is another. */
function perChannel({ mean, std, source }: Normalization, channels: number, label: string): { mean: readonly number[]; std: readonly number[] } {
  const spread = (values: readonly number[]): readonly number[] => {
    if (values.length === 1 || (channels === 1 && new Set(values).size === 1)) return Array<number>(channels).fill(values[0]!);
    if (values.length === channels) return values;
    throw new WeightsError(`${label}: ${source} normalizes ${values.length} channels, the encoder's first layer has ${channels}; write one number for each`);
  };
  return { mean: spread(mean), std: spread(std) };
}

/**
 * The first layer of an encoder that pads its images: zeros stand for normalized zeros, so that a mean cannot be folded in. Its values stay, and
 * normalization becomes part of the configuration.
 */
export function paddedFirstLayer({ tensor, shape, wanted, normalization, label }: FirstLayer): {
  readonly recipe: Recipe;
  readonly input: { readonly mean?: readonly number[]; readonly std?: readonly number[] };
} {
  const channels = shape[1]!;
  if (!normalization || isIdentity(normalization)) return { recipe: fitChannels(tensor, shape, wanted, label), input: {} };
  if (wanted !== channels && wanted !== 1 && channels !== 1) fitChannels(tensor, shape, wanted, label);
  return { recipe: { from: [tensor] }, input: perChannel(normalization, channels, label) };
}

/** The first layer of an encoder that pads nothing: w (u - mean) / std + b of pixels u = (x + 1) / 2, as a weight and a bias of x. */
export function unpaddedFirstLayer(
  { tensor, shape, wanted, normalization, label }: FirstLayer,
  bias: string,
): { readonly weight: Recipe; readonly bias: Recipe } {
  const [outputs, channels] = shape as [number, number];
  const fitted = fitChannels(tensor, shape, wanted, label);
  if (!normalization || isIdentity(normalization)) return { weight: fitted, bias: { from: [bias] } };
  const { mean, std } = perChannel(normalization, channels, label);
  const area = sizeOf(shape.slice(2));
  const channelOf = (i: number): number => Math.floor(i / area) % channels;
  const scaled = (values: Float32Array): Float32Array => values.map((value, i) => (value * 0.5) / std[channelOf(i)]!);
  const note = 'mean and standard deviation of images folded in';
  return {
    weight: {
      from: [tensor],
      note: fitted.note ? `${fitted.note}, ${note}` : note,
      convert: (values) => (fitted.convert ? fitted.convert(scaled(values)) : scaled(values)),
    },
    bias: {
      from: [tensor, bias],
      note,
      convert: (values) => {
        const size = sizeOf(shape);
        return Float32Array.from({ length: outputs }, (_, o) => {
          let sum = values[size + o]!;
          for (let i = o * channels * area; i < (o + 1) * channels * area; i++) sum += (values[i]! * (0.5 - mean[channelOf(i)]!)) / std[channelOf(i)]!;
          return sum;
        });
      },
    },
  };
}
