// The first convolution for another number of channels: colour weights summed for grey images, or spread over three equal channels.
import { sizeOf } from '@hybridmed/tensor';
import type { Recipe } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';

/**
 * A recipe for a convolution's weight (outputs, channels, h, w) with `wanted` channels. A grey image is the same in all three colours, so
 * the sum over them computes what the three would. Throws a WeightsError for other numbers.
 */
export function fitChannels(tensor: string, shape: readonly number[], wanted: number, label: string): Recipe {
  const [outputs, channels] = shape as [number, number];
  if (channels === wanted) return { from: [tensor] };
  if (wanted !== 1 && channels !== 1)
    throw new WeightsError(`${label}: "${tensor}" is for ${channels} channels, the images have ${wanted}; only a sum to 1 or a spread of 1 is defined`);
  const area = sizeOf(shape.slice(2));
  if (wanted === 1) {
    return {
      from: [tensor],
      note: `${channels} channels summed`,
      convert: (values) =>
        Float32Array.from({ length: outputs * area }, (_, i) => {
          const start = Math.floor(i / area) * channels * area + (i % area);
          let sum = 0;
          for (let channel = 0; channel < channels; channel++) sum += values[start + channel * area]!;
          return sum;
        }),
    };
  }
  return {
    from: [tensor],
    note: `1 channel spread over ${wanted}`,
    convert: (values) =>
      Float32Array.from({ length: outputs * wanted * area }, (_, i) => values[Math.floor(i / (wanted * area)) * area + (i % area)]! / wanted),
  };
}
