// Batches as a model reads them: prepared for its input, and passed through the frozen part of its vision encoder where it has one.
import type { Loader, LoaderOptions, StudyBatch } from '@hybridmed/data';
import { createLoader } from '@hybridmed/data';
import type { VisionEncoder } from '@hybridmed/nn';
import type { HostArray } from '@hybridmed/tensor';
import type { InputConfig } from '../../checkpoint/config.ts';

/** What decides how studies are prepared. */
export interface ModelInput {
  readonly vision: VisionEncoder;
  readonly input: InputConfig;
}

/** What the frozen part of an encoder makes of images (B, C, H, W); without one, the images. Throws where its shape is another than it says. */
export async function throughFrozen({ frozen }: VisionEncoder, images: HostArray): Promise<HostArray> {
  if (!frozen) return images;
  const made = await frozen.run(images);
  const due = [images.shape[0], ...frozen.shape];
  if (made.shape.join() !== due.join())
    throw new RangeError(`the frozen part of the vision encoder gives shape [${made.shape.join(', ')}] where [${due.join(', ')}] is due`);
  return made;
}

/** A loader of studies for a model. */
export function modelLoader({ vision, input }: ModelInput, options: Omit<LoaderOptions, 'image' | 'findingsLength' | 'impressionLength'>): Loader {
  const { resize, findingsLength, impressionLength } = input;
  const { size, channels } = vision.image;
  const loader = createLoader({ ...options, image: { resize, crop: size, channels }, findingsLength, impressionLength });
  if (!vision.frozen) return loader;
  // The memory to be given back is that of the images.
  const originals = new WeakMap<StudyBatch, StudyBatch>();
  return {
    ...loader,
    async *batches(range) {
      for await (const original of loader.batches(range)) {
        const image = await throughFrozen(vision, original.arrays.image);
        const batch = { ...original, arrays: { ...original.arrays, image } };
        originals.set(batch, original);
        yield batch;
      }
    },
    recycle: (batch) => loader.recycle(originals.get(batch) ?? batch),
  };
}
