// A loader of studies prepared for a model's input.
import type { Loader, LoaderOptions } from '@hybridmed/data';
import { createLoader } from '@hybridmed/data';
import type { InputConfig } from '@hybridmed/model';
import type { VisionEncoder } from '@hybridmed/nn';

/** What decides how studies are prepared. */
export interface ModelInput {
  readonly vision: VisionEncoder;
  readonly input: InputConfig;
}

/** A loader of studies for a model: its images are those that the encoder, or its frozen part, reads. */
export function studyLoader({ vision, input }: ModelInput, options: Omit<LoaderOptions, 'image' | 'findingsLength' | 'impressionLength'>): Loader {
  const { resize, findingsLength, impressionLength } = input;
  const { size, channels } = vision.image;
  return createLoader({ ...options, image: { resize, size, channels }, findingsLength, impressionLength });
}
