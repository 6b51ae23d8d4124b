// A dropped file as grey pixels, decoded by the browser, with the same bounds and the same grey as the packages' own reading.
import type { GreyImage } from '@hybridmed/data/browser';
import { luminanceOf, maxFileBytes, maxPixels, streamSize } from '@hybridmed/data/browser';

/** A film: its pixels to be shown, and the file where that is JPEG, which the model reads at a fraction of its size where it is large. */
export interface Film {
  readonly name: string;
  readonly grey: GreyImage;
  readonly jpeg?: Uint8Array;
}

/** Thrown for a file that is no film; one line for people. */
export class FilmError extends Error {
  override readonly name = 'FilmError';
}

const begins = (bytes: Uint8Array, ...start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte);

/** Sides of PNG or JPEG, from the header. */
function sizeOf(name: string, bytes: Uint8Array): { width: number; height: number; jpeg: boolean } {
  if (begins(bytes, 0xff, 0xd8, 0xff)) {
    const size = streamSize(bytes);
    if (!size) throw new FilmError(`${name} cannot be read as an image: it has no frame header.`);
    return { ...size, jpeg: true };
  }
  if (begins(bytes, 0x89, 0x50, 0x4e, 0x47) && bytes.length >= 33) {
    if (bytes[24] === 16) throw new FilmError(`${name} has 16 bits a pixel, which browsers cut to 8; save it as PNG of 8 bits.`);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { width: view.getUint32(16), height: view.getUint32(20), jpeg: false };
  }
  const dicom = String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM' || /\.(dcm|dicom)$/i.test(name);
  if (dicom) throw new FilmError(`${name} is DICOM, which this page does not read; convert it with: npx hybridmed data render FILE --out film.png`);
  throw new FilmError(`${name} is neither PNG nor JPEG; choose a film.`);
}

/** Reads a file. Throws a FilmError for what is no film, or too large. */
export async function readFilm(file: File): Promise<Film> {
  const { name } = file;
  if (file.size > maxFileBytes) throw new FilmError(`${name} has ${file.size} bytes, more than ${maxFileBytes}; choose a smaller file.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height, jpeg } = sizeOf(name, bytes);
  if (width * height > maxPixels || width * height === 0) throw new FilmError(`${name} is ${width} x ${height} pixels, not 1 to ${maxPixels}.`);
  try {
    const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none', imageOrientation: 'none' });
    return { name, grey: greyOf(bitmap), ...(jpeg ? { jpeg: bytes } : {}) };
  } catch (error) {
    throw new FilmError(`${name} cannot be read as an image (${(error as Error).message.split('\n')[0]}); restore the file.`);
  }
}

// Colours of so many rows are held at a time: four bytes a pixel.
const strip = 512;

/** A picture's luminance; what is transparent lies on black. */
function greyOf(bitmap: ImageBitmap): GreyImage {
  const { width, height } = bitmap;
  const pixels = new Uint8Array(width * height);
  const context = new OffscreenCanvas(width, Math.min(strip, height)).getContext('2d', { willReadFrequently: true })!;
  for (let top = 0; top < height; top += strip) {
    const rows = Math.min(strip, height - top);
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const { data } = context.getImageData(0, 0, width, rows);
    pixels.set(luminanceOf(new Uint8Array(data.buffer), 4), top * width);
  }
  bitmap.close();
  return { width, height, pixels };
}
