// An image file as grey pixels, decoded by the browser, with the limits and the luminance of the packages' own readers.
import type { GreyImage } from '@hybridmed/data/browser';
import { luminanceOf, maxFileBytes, maxPixels, streamSize } from '@hybridmed/data/browser';

/** A radiograph: its pixels for display, and the file if it is JPEG, of which the model decodes a large one at a fraction of its size. */
export interface Radiograph {
  readonly name: string;
  readonly grey: GreyImage;
  readonly jpeg?: Uint8Array;
}

/** Thrown for a file that cannot be read as an image, with one line for the user. */
export class ImageFileError extends Error {
  override readonly name = 'ImageFileError';
}

const beginsWith = (bytes: Uint8Array, ...start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte);

/** Sides of PNG or JPEG, from the header. */
function sizeOf(name: string, bytes: Uint8Array): { width: number; height: number; jpeg: boolean } {
  if (beginsWith(bytes, 0xff, 0xd8, 0xff)) {
    const size = streamSize(bytes);
    if (!size) throw new ImageFileError(`${name} cannot be read as an image: it has no frame header.`);
    return { ...size, jpeg: true };
  }
  if (beginsWith(bytes, 0x89, 0x50, 0x4e, 0x47) && bytes.length >= 33) {
    if (bytes[24] === 16) throw new ImageFileError(`${name} has 16 bits per pixel, which browsers reduce to 8; save it as 8-bit PNG.`);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { width: view.getUint32(16), height: view.getUint32(20), jpeg: false };
  }
  const dicom = String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM' || /\.(dcm|dicom)$/i.test(name);
  if (dicom) throw new ImageFileError(`${name} is DICOM, which this page does not read; convert it with: npx hybridmed data render FILE --out image.png`);
  throw new ImageFileError(`${name} is neither PNG nor JPEG; choose a radiograph.`);
}

/** Reads a file. Throws an ImageFileError if it is no image or too large. */
export async function readRadiograph(file: File): Promise<Radiograph> {
  const { name } = file;
  if (file.size > maxFileBytes) throw new ImageFileError(`${name} has ${file.size} bytes, more than ${maxFileBytes}; choose a smaller file.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height, jpeg } = sizeOf(name, bytes);
  if (width * height > maxPixels || width * height === 0) throw new ImageFileError(`${name} is ${width} x ${height} pixels, not 1 to ${maxPixels}.`);
  try {
    const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none', imageOrientation: 'none' });
    return { name, grey: greyOf(bitmap), ...(jpeg ? { jpeg: bytes } : {}) };
  } catch (error) {
    throw new ImageFileError(`${name} cannot be read as an image (${(error as Error).message.split('\n')[0]}); restore the file.`);
  }
}

// Rows decoded at a time, at four bytes per pixel.
const stripRows = 512;

/** The luminance of an image, transparent pixels over black. */
function greyOf(bitmap: ImageBitmap): GreyImage {
  const { width, height } = bitmap;
  const pixels = new Uint8Array(width * height);
  const context = new OffscreenCanvas(width, Math.min(stripRows, height)).getContext('2d', { willReadFrequently: true })!;
  for (let top = 0; top < height; top += stripRows) {
    const rows = Math.min(stripRows, height - top);
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const { data } = context.getImageData(0, 0, width, rows);
    pixels.set(luminanceOf(new Uint8Array(data.buffer), 4), top * width);
  }
  bitmap.close();
  return { width, height, pixels };
}
