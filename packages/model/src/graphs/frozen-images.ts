// The step of the pipeline between a source of studies and a model's graphs: what the frozen part of a vision encoder makes of images.
import type { VisionEncoder } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';

/** Turns arrays of a batch into what a model's graphs read. */
export interface FrozenStep {
  /**
   * The arrays with `image` (B, C, H, W) replaced by what the frozen part makes of it, (B, ...frozen.shape); the same arrays where the
   * encoder has no such part, or the batch no images. Throws a RangeError where the part gives another shape than it says.
   */
  apply<T extends HostArrays>(arrays: T): Promise<T>;
}

/** What the frozen part of an encoder makes of images (B, C, H, W); without one, the images. Throws where its shape is another than it says. */
export async function throughFrozen({ frozen }: VisionEncoder, images: HostArray): Promise<HostArray> {
  if (!frozen) return images;
  const features = await frozen.run(images);
  const expected = [images.shape[0], ...frozen.shape];
  if (features.shape.join() !== expected.join())
    throw new RangeError(`the frozen part of the vision encoder gives shape [${features.shape.join(', ')}] where [${expected.join(', ')}] is due`);
  return features;
}

/** The step for a vision encoder. */
export const frozenStep = (vision: VisionEncoder): FrozenStep => ({
  async apply(arrays) {
    return vision.frozen && arrays.image ? { ...arrays, image: await throughFrozen(vision, arrays.image) } : arrays;
  },
});
