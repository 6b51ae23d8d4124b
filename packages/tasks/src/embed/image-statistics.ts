// The mean and deviation a published encoder was trained with: from its preprocessor_config.json, for images that come in [-1, 1].
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, isFolder, readJson } from '@hybridmed/runtime/files';
import type { HostArray } from '@hybridmed/tensor';

const isList = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === 'number' && Number.isFinite(x));

/** Turns images (B, C, H, W) in [-1, 1] into what the encoder of a folder expects. Throws one line for a malformed file. */
export async function imageStatistics(path: string): Promise<(image: HostArray) => HostArray> {
  const file = join(path, 'preprocessor_config.json');
  if (!(await isFolder(path)) || !existsSync(file)) return (image) => image;
  const { image_mean: mean = [0.5], image_std: deviation = [0.5], do_normalize: normalizes = true } = ((await readJson(file)) ?? {}) as Record<string, unknown>;
  if (normalizes === false) return (image) => rescale(image, () => ({ factor: 0.5, offset: 0.5 }));
  if (!isList(mean) || !isList(deviation) || mean.length !== deviation.length || deviation.some((x) => x <= 0))
    throw fileError(file, '"image_mean" and "image_std" are not lists of numbers of one length', 'copy it again');
  // x in [-1, 1] is a pixel (x + 1) / 2 in [0, 1].
  return (image) =>
    rescale(image, (channel) => {
      const [m, s] = [mean[channel % mean.length]!, deviation[channel % deviation.length]!];
      return { factor: 0.5 / s, offset: (0.5 - m) / s };
    });
}

function rescale({ data, shape }: HostArray, of: (channel: number) => { factor: number; offset: number }): HostArray {
  const [, channels, height, width] = shape as [number, number, number, number];
  const plane = height * width;
  const per = Array.from({ length: channels }, (_, channel) => of(channel));
  return {
    data: Float32Array.from(data, (x, i) => {
      const { factor, offset } = per[Math.floor(i / plane) % channels]!;
      return x * factor + offset;
    }),
    shape,
  };
}
