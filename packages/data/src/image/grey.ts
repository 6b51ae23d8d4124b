// Reading any image file as 8-bit grey pixels.
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { DataError, describeFileError } from '../errors.ts';
import { decodeDicom } from './dicom.ts';

/** Grey pixels, row-major, 0 to 255. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

// 16,384 x 16,384: larger than any radiograph, small enough to decode.
const maxPixels = 268_435_456;

/** Resizes to exact sides with a triangle filter wide enough not to alias. */
export async function resizeGrey(image: GreyImage, width: number, height: number): Promise<GreyImage> {
  const pixels = await sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 1 } })
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .extractChannel(0)
    .raw()
    .toBuffer();
  return { width, height, pixels };
}

/** Decodes JPEG, PNG or DICOM. Throws a DataError that names the file. */
export async function readGrey(file: string): Promise<GreyImage> {
  if (/\.(dcm|dicom)$/i.test(file)) return decodeDicom(await readFile(file).catch((error: unknown) => Promise.reject(describeFileError(file, error))), file);
  try {
    const { data, info } = await sharp(file, { failOn: 'error', limitInputPixels: maxPixels })
      .flatten()
      .greyscale()
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    throw new DataError(`${file}: cannot be read as an image (${reason}); restore the file or leave the study out`);
  }
}
