// What stands in the places of a vision encoder and of an alignment in a model without images: no parameters, and calls that say so.
import type { Alignment } from '@hybridmed/align';
import type { VisionEncoder } from '@hybridmed/nn';
import { HybridmedError } from '@hybridmed/tensor';

const refuse = (): never => {
  throw new HybridmedError('the model has no vision encoder (vision "none"), which this graph needs; build it of a model with one');
};

/** The vision encoder of a model that reads no images. */
export const noVision: VisionEncoder = { parameters: {}, width: 0, tokenCount: 0, image: { size: 0, channels: 0 }, call: refuse };

/** The common space of a model that reads no images: there is nothing to align texts with. */
export const noAlignment: Alignment = {
  parameters: {},
  projectImage: refuse,
  projectText: refuse,
  projectPatches: refuse,
  projectWords: refuse,
  logScale: refuse,
};

/** Whether a model reads images. */
export const readsImages = ({ vision }: { readonly vision: VisionEncoder }): boolean => vision !== noVision;
