// Runs a published encoder on the processor and holds it against what its own library computed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootScope } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { compile, ops } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import { visionEncoder } from '@hybridmed/vision';
import { pretrainedText, pretrainedVision } from 'hybridmed/encoders';
import { readSafetensors } from 'hybridmed/node';

/** Greatest difference relative to the greatest reference value; Infinity where sizes differ or a value is no number. */
export function relativeError(ours: HostArray, theirs: HostArray): number {
  if (ours.shape.join() !== theirs.shape.join()) return Infinity;
  let [difference, scale] = [0, 0];
  theirs.data.forEach((value, i) => {
    const own = Math.abs(ours.data[i]! - value);
    difference = Number.isNaN(own) ? Infinity : Math.max(difference, own);
    scale = Math.max(scale, Math.abs(value));
  });
  return difference / (scale || 1);
}

/** Features of images by the vision encoder in a folder or file. */
export async function seeWith(path: string, image: HostArray, device: Device = cpuDevice()): Promise<Record<string, HostArray>> {
  const [, channels, size] = image.shape as [number, number, number, number];
  const { config, load } = await pretrainedVision(path, { size, channels });
  const encoder = visionEncoder(config);
  return compile(device, ({ image: x, ...own }) => ({ ...encoder.call(rootScope(own), x!) }))({ ...(await load()), image });
}

/** Features of texts by the BERT in a folder, tokens at padding 0. */
export async function readWith(path: string, ids: HostArray, mask: HostArray, device: Device = cpuDevice()): Promise<Record<string, HostArray>> {
  const { config, load } = await pretrainedText(path);
  const encoder = bert(config);
  const run = compile(device, ({ ids: tokens, mask: seen, ...own }) => {
    const features = encoder.call(rootScope(own), tokens!, seen!);
    return { tokens: ops.mul(features.tokens, ops.reshape(seen!, [...seen!.shape, 1])), global: features.global };
  });
  return run({ ...(await load()), ids, mask });
}

/** A case that `published.py` wrote: the greatest error of tokens and global. */
export async function compareCase(folder: string): Promise<number> {
  const { arrays } = await readSafetensors(join(folder, 'expected.safetensors'));
  const own = JSON.parse(existsSync(join(folder, 'case.json')) ? readFileSync(join(folder, 'case.json'), 'utf8') : '{}') as { file?: string };
  const path = join(folder, own.file ?? 'model');
  const { tokens, global } = arrays as HostArrays;
  const features = arrays.image ? await seeWith(path, arrays.image) : await readWith(path, arrays.ids!, arrays.mask!);
  return Math.max(relativeError(features.tokens!, tokens!), relativeError(features.global!, global!));
}
