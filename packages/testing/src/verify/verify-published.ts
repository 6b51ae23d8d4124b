// Replays what goldens say of published folders: an encoder loaded as its library publishes it, and trained weights that are kept apart.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PretrainedEncoder } from '@hybridmed/runtime/encoders';
import { pretrainedVision } from '@hybridmed/runtime/encoders';
import { rootScope } from '@hybridmed/nn';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { compile, HybridmedError } from '@hybridmed/tensor';
import type { VisionConfig } from '@hybridmed/vision';
import { visionEncoder } from '@hybridmed/vision';
import type { Comparison, Golden, ReplayOptions } from './golden.ts';
import { relativeError, Report } from './golden.ts';

const bound = 1e-4;

/** Features of images in [-1, 1], which the encoder normalizes itself. */
async function featuresOf(device: Device, { config, load }: PretrainedEncoder<VisionConfig>, image: HostArray): Promise<HostArrays> {
  const encoder = visionEncoder(config);
  return compile(device, ({ image: x, ...own }) => {
    const { tokens, global } = encoder.call(rootScope(own), x!);
    return { tokens, global };
  })({ ...(await load()), image });
}

/** Normalized images as pixels in [-1, 1]. */
function denormalized({ data, shape }: HostArray, { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] }): HostArray {
  const [, channels, height, width] = shape as [number, number, number, number];
  const at = (values: readonly number[], i: number): number => values[(Math.floor(i / (height * width)) % channels) % values.length]!;
  return { data: Float32Array.from(data, (value, i) => 2 * (value * at(std, i) + at(mean, i)) - 1), shape };
}

/** The golden's encoder loaded from the folder that its library publishes: the same features. Nothing where it names no folder, or the folder is absent. */
export async function verifyPublished(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name, folder } = golden;
  const path = folder !== undefined && typeof json.published === 'string' ? join(folder, json.published) : undefined;
  if (path === undefined || !existsSync(path)) return [];
  const report = new Report(name, device.info);
  const image = arrays['in.image']!;
  const [, channels, size] = image.shape as [number, number, number, number];
  const encoder = await pretrainedVision(path, { size, channels });
  const features = await featuresOf(device, encoder, denormalized(image, encoder.normalization!));
  for (const [key, { data }] of Object.entries(features)) report.add(`published ${key}`, relativeError(data, arrays[`out.${key}`]!.data), bound, 'outputs');
  return report.rows();
}

/** Replays features of trained weights on grey images: the first tokens of each, and their mean. Throws a HybridmedError where the weights' folder is not given. */
export async function verifyTrained(device: Device, { arrays, name }: Golden, { weights }: ReplayOptions): Promise<Comparison[]> {
  if (weights === undefined) throw new HybridmedError(`${name}.json: holds no weights; make them by the script beside it and give their folder by --weights`);
  const report = new Report(name, device.info);
  const grey = arrays['in.grey']!;
  const image = { data: Float32Array.from(grey.data, (value) => value / 127.5 - 1), shape: grey.shape };
  const { tokens, global } = await featuresOf(device, await pretrainedVision(weights, { channels: 1, size: grey.shape[3]! }), image);
  report.add('out.global', relativeError(global!.data, arrays['out.global']!.data), bound, 'outputs');
  for (const [key, first] of Object.entries(arrays)) {
    if (!key.startsWith('out.tokens')) continue;
    const [images, count, width] = first.shape as [number, number, number];
    const perImage = tokens!.shape[1]! * width;
    const own = Float32Array.from(
      { length: images * count * width },
      (_, i) => tokens!.data[Math.floor(i / (count * width)) * perImage + (i % (count * width))]!,
    );
    report.add(key, relativeError(own, first.data), bound, 'outputs');
  }
  return report.rows();
}
