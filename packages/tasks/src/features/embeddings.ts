// Vectors of images and texts in the common space.
import type { Loader } from '@hybridmed/data';
import { prepareTexts } from '@hybridmed/data/browser';
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint } from '@hybridmed/model';
import { imageEmbeddingGraph, textEmbeddingGraph, throughFrozen } from '@hybridmed/model/graphs';
import { concatRows } from '@hybridmed/model/host-arrays';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';

const chunk = 64;

const joined = (parts: readonly HostArray[]): Vectors => (parts.length === 0 ? { data: new Float32Array(0), shape: [0, 0] } : concatRows(parts));

/** Unit vectors (N, d) of a loader's images, in order. */
export async function embedImages(device: Device, state: DeviceState, { model }: Checkpoint, loader: Loader): Promise<Vectors> {
  const program = await device.compile(imageEmbeddingGraph(model));
  const vectors = await collectImages(async (image) => (await program.run({ image: await throughFrozen(model.vision, image) }, state)).embedding!, loader);
  program.release?.();
  return vectors;
}

/** Vectors of a loader's images, in order, from what gives those of a batch. */
export async function collectImages(run: (image: HostArray) => Promise<HostArray>, loader: Loader): Promise<Vectors> {
  const parts: HostArray[] = [];
  for await (const { arrays } of loader.batches()) parts.push(await run(arrays.image));
  return joined(parts);
}

/** Unit vectors (N, d) of texts, read as impressions are. */
export async function embedTexts(device: Device, state: DeviceState, { model, tokenizer, config }: Checkpoint, texts: readonly string[]): Promise<Vectors> {
  const program = await device.compile(textEmbeddingGraph(model));
  const run = async (ids: HostArray, mask: HostArray) => (await program.run({ impression: ids, impression_mask: mask }, state)).embedding!;
  const vectors = await collectTexts(run, tokenizer, texts, config.input.impressionLength);
  program.release?.();
  return vectors;
}

/** Vectors of texts, in order, from what gives those of ids and mask (B, L). */
export async function collectTexts(
  run: (ids: HostArray, mask: HostArray) => Promise<HostArray>,
  tokenizer: Tokenizer,
  texts: readonly string[],
  maxLength: number,
): Promise<Vectors> {
  const parts: HostArray[] = [];
  for (let start = 0; start < texts.length; start += chunk) {
    const { ids, mask } = prepareTexts(tokenizer, texts.slice(start, start + chunk), maxLength);
    parts.push(await run(ids, mask));
  }
  return joined(parts);
}
