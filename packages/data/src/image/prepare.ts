// From an image file to the square the encoder crops from, and from that square to normalized floats.
import type { GreyImage } from './grey.ts';
import { readGrey, resizeGrey } from './grey.ts';

/** Keeps the aspect: longest side to `size`, centred in a square of zeros. */
export async function squareOf(image: GreyImage, size: number): Promise<Uint8Array> {
  const scale = size / Math.max(image.width, image.height);
  const [width, height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
  const { pixels } = width === image.width && height === image.height ? image : await resizeGrey(image, width, height);
  const square = new Uint8Array(size * size);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let row = 0; row < height; row++) square.set(pixels.subarray(row * width, (row + 1) * width), (top + row) * size + left);
  return square;
}

/** Reads a file as a square of `size` pixels. Throws a DataError that names the file. */
export async function readSquare(file: string, size: number): Promise<Uint8Array> {
  return squareOf(await readGrey(file), size);
}

/** Where a crop of `crop` pixels begins in a square of `size`. */
export interface CropOffset {
  readonly top: number;
  readonly left: number;
}

/** The centre crop. */
export const centreCrop = (size: number, crop: number): CropOffset => ({ top: Math.floor((size - crop) / 2), left: Math.floor((size - crop) / 2) });

/** Writes a crop as floats in [-1, 1] ((x / 255 - 0.5) / 0.5), once per channel, into `out` at `start`: (C, crop, crop). No flip: reports say left and right. */
export function writeCrop(square: Uint8Array, size: number, crop: number, { top, left }: CropOffset, channels: number, out: Float32Array, start: number): void {
  const plane = crop * crop;
  for (let row = 0; row < crop; row++) {
    const from = (top + row) * size + left;
    const to = start + row * crop;
    for (let column = 0; column < crop; column++) out[to + column] = square[from + column]! / 127.5 - 1;
  }
  for (let channel = 1; channel < channels; channel++) out.copyWithin(start + channel * plane, start, start + plane);
}
