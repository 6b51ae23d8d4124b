// Reading any image file as 8-bit grey pixels: JPEG, PNG or DICOM, recognized by what is in it.
import { DataError } from './errors.ts';
import { decodeDicom } from './dicom/decode.ts';
import { decodeDeepPng, decodeJpeg, decodePng } from './jpeg-and-png.ts';
import type { GreyImage } from '@hybridmed/inputs';
import { orientationOf, squareOf, turned } from '@hybridmed/inputs';
import { defaultRangeReader } from './bytes/range-cache.ts';
import type { Scratch } from './scratch.ts';
import { readImageBytes } from './bytes/image-bytes.ts';

type Kind = 'jpeg' | 'png' | 'png16' | 'dicom' | undefined;

const begins = (bytes: Uint8Array, ...start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte);

function kindOf(bytes: Uint8Array, name: string): Kind {
  if (begins(bytes, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (begins(bytes, 0x89, 0x50, 0x4e, 0x47)) return bytes[24] === 16 ? 'png16' : 'png';
  // Files without DICOM's preamble are taken for DICOM by their name, or when they begin with group 0002 or 0008.
  const marked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 128, 132) === 'DICM';
  return marked || begins(bytes, 2, 0) || begins(bytes, 8, 0) || /\.(dcm|dicom)$/i.test(name) ? 'dicom' : undefined;
}

async function decode(bytes: Uint8Array, name: string, atLeast?: number, scratch?: Scratch): Promise<GreyImage> {
  const kind = kindOf(bytes, name);
  if (kind === undefined) throw new DataError(`${name}: is neither JPEG, PNG nor DICOM; convert the image or leave the study out`);
  if (kind === 'dicom') return decodeDicom(bytes, name);
  try {
    const image = await (kind === 'jpeg' ? decodeJpeg(bytes, atLeast, scratch) : kind === 'png' ? decodePng(bytes) : decodeDeepPng(bytes));
    const shown = { ...image, orientation: orientationOf(bytes) };
    // A square is turned once it is small.
    return atLeast === undefined ? turned(shown) : shown;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    throw new DataError(`${name}: cannot be read as an image (${reason}); restore the file or leave the study out`);
  }
}

/** Decodes an image's bytes at full size. `name` is for messages. Throws a DataError. */
export const decodeGrey = (bytes: Uint8Array, name: string): Promise<GreyImage> => decode(bytes, name);

/**
 * Decodes an image's bytes as a square of `size` pixels: longest side to `size`, the rest zeros. With a `scratch` the square may lie in it,
 * and lives until the next image is decoded with that. Throws a DataError.
 */
export const decodeSquare = async (bytes: Uint8Array, name: string, size: number, scratch?: Scratch): Promise<Uint8Array> =>
  squareOf(await decode(bytes, name, size, scratch), size);

/** Reads an image at full size, or as its square of `size` pixels will be made of it. Throws a DataError that names the file. */
export const readImage = async (file: string, size?: number): Promise<GreyImage> => decode(await readImageBytes(file, defaultRangeReader), file, size);

/** Reads JPEG, PNG or DICOM at full size. Throws a DataError that names the file. */
export const readGrey = (file: string): Promise<GreyImage> => readImage(file);

/** Reads a file as a square of `size` pixels. Throws a DataError that names the file. */
export const readSquare = async (file: string, size: number): Promise<Uint8Array> => squareOf(await readImage(file, size), size);
