// Resizing with a filter as wide as the reduction asks for, so that fine structure fades instead of aliasing.
import type { Sharp } from 'sharp';
import sharp from 'sharp';
import type { GreyImage } from './grey.ts';

// Files are read once each: nothing is worth keeping between them.
sharp.cache(false);

/** Grey pixels as the beginning of a pipeline. */
export const pipelineOf = ({ pixels, width, height }: GreyImage): Sharp => sharp(pixels, { raw: { width, height, channels: 1 } });

/** The end of a pipeline: one byte for each pixel. */
export async function greyPixels(pipeline: Sharp): Promise<GreyImage> {
  const { data, info } = await pipeline.extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

/** Resizes to exact sides with a triangle filter. */
export function resizeGrey(image: GreyImage, width: number, height: number): Promise<GreyImage> {
  return greyPixels(pipelineOf(image).resize(width, height, { fit: 'fill', kernel: 'linear' }));
}

/** Keeps the aspect: longest side to `size`, centred in a square of zeros. */
export function fitSquare(pipeline: Sharp, size: number): Sharp {
  return pipeline.resize(size, size, { fit: 'contain', position: 'centre', background: '#000', kernel: 'linear' });
}
