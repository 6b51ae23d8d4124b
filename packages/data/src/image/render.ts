// Any input image as the pipeline sees it, as a PNG file.
import { writeFileAtomic } from '../atomic.ts';
import { readGrey, readSquare } from './grey.ts';
import { encodePlainPng } from './png.ts';

/**
 * Writes an image (JPEG, PNG, DICOM) as 8-bit grey PNG: at full size, or as the square of `size` pixels that crops are taken from.
 * Throws a DataError that names the file.
 */
export async function renderImage(file: string, out: string, { size }: { size?: number } = {}): Promise<{ width: number; height: number }> {
  const image = size === undefined ? await readGrey(file) : { width: size, height: size, pixels: await readSquare(file, size) };
  await writeFileAtomic(out, [encodePlainPng(image)]);
  return { width: image.width, height: image.height };
}
