// A loader of studies prepared for a model's input.
import type { Loader, LoaderOptions } from '@hybridmed/data';
import { createLoader } from '@hybridmed/data';
import type { ImagePreparation } from '@hybridmed/data/browser';
import type { InputConfig } from '@hybridmed/model';
import type { VisionEncoder } from '@hybridmed/nn';

/** What decides how studies are prepared: the facts of an open model, or a run's. */
export interface ModelInput {
  readonly image: ImagePreparation;
  readonly findingsLength: number;
  readonly impressionLength: number;
}

/** How studies are prepared for an encoder: its images are those that it, or its frozen part, reads. */
export const modelInput = ({ image }: Pick<VisionEncoder, 'image'>, { resize, findingsLength, impressionLength }: InputConfig): ModelInput => ({
  image: { size: image.size, channels: image.channels, resize },
  findingsLength,
  impressionLength,
});

/** A loader of studies for a model. */
export const studyLoader = (
  { image, findingsLength, impressionLength }: ModelInput,
  options: Omit<LoaderOptions, 'image' | 'findingsLength' | 'impressionLength'>,
): Loader => createLoader({ ...options, image, findingsLength, impressionLength });
