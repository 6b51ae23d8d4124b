// Any input image as the pipeline sees it, as a PNG file.
import { writeFileAtomic } from '../atomic.ts';
import { readImage } from './grey.ts';
import { encodePlainPng } from './png.ts';
import { squareOf } from './resize.ts';

/** What was rendered: sides in pixels, and what was assumed where the file's header is silent or wrong, a phrase each. */
export interface RenderedImage {
  readonly width: number;
  readonly height: number;
  readonly assumed?: readonly string[];
}

/**
 * Writes an image (JPEG, PNG, DICOM) as 8-bit grey PNG: at full size, or as the square of `size` pixels that crops are taken from.
 * Throws a DataError that names the file.
 */
export async function renderImage(file: string, out: string, { size }: { size?: number } = {}): Promise<RenderedImage> {
  const { assumed, ...image } = await readImage(file, size);
  const shown = size === undefined ? image : { width: size, height: size, pixels: squareOf(image, size) };
  await writeFileAtomic(out, [encodePlainPng(shown)]);
  return { width: shown.width, height: shown.height, ...(assumed ? { assumed } : {}) };
}
