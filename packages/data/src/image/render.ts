// Any input image as the pipeline sees it, as a PNG file.
import sharp from 'sharp';
import { writeFileAtomic } from '../atomic.ts';
import type { GreyImage } from './grey.ts';
import { readGrey, readSquare } from './grey.ts';

/** Grey pixels as the bytes of an 8-bit PNG file. */
export const encodePng = ({ pixels, width, height }: GreyImage): Promise<Uint8Array> =>
  sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 3, adaptiveFiltering: true })
    .toBuffer();

/**
 * Writes an image (JPEG, PNG, DICOM) as 8-bit grey PNG: at full size, or as the square of `size` pixels that crops are taken from.
 * Throws a DataError that names the file.
 */
export async function renderImage(file: string, out: string, { size }: { size?: number } = {}): Promise<{ width: number; height: number }> {
  const image = size === undefined ? await readGrey(file) : { width: size, height: size, pixels: await readSquare(file, size) };
  await writeFileAtomic(out, [await encodePng(image)]);
  return { width: image.width, height: image.height };
}
