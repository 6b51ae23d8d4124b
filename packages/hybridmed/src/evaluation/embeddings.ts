// Vectors of images and texts in the common space.
import type { Loader } from '@hybridmed/data';
import { padRows } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import { imageEmbeddingGraph, textEmbeddingGraph } from '../model/embed.ts';
import type { Checkpoint } from '../node/checkpoint.ts';

const chunk = 64;

function stack(parts: readonly HostArray[]): Vectors {
  const width = parts[0]?.shape[1] ?? 0;
  const data = new Float32Array(parts.reduce((total, part) => total + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, shape: [width === 0 ? 0 : data.length / width, width] };
}

/** Unit vectors (N, d) of a loader's images, in order. */
export async function embedImages(device: Device, state: DeviceState, { model }: Checkpoint, loader: Loader): Promise<Vectors> {
  const program = await device.compile(imageEmbeddingGraph(model));
  const parts: HostArray[] = [];
  for await (const { arrays } of loader.batches()) parts.push((await program.run({ image: arrays.image as HostArray }, state)).embedding!);
  program.release?.();
  return stack(parts);
}

/** Unit vectors (N, d) of texts, read as impressions are. */
export async function embedTexts(device: Device, state: DeviceState, { model, tokenizer, config }: Checkpoint, texts: readonly string[]): Promise<Vectors> {
  const program = await device.compile(textEmbeddingGraph(model));
  const parts: HostArray[] = [];
  for (let start = 0; start < texts.length; start += chunk) {
    const { ids, mask } = padRows(
      texts.slice(start, start + chunk).map((text) => tokenizer.encode(text, config.input.impressionLength)),
      tokenizer.special.pad,
    );
    parts.push((await program.run({ impression: ids as HostArray, impression_mask: mask as HostArray }, state)).embedding!);
  }
  program.release?.();
  return stack(parts);
}
