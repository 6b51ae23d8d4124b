// Reading any image file as 8-bit grey pixels: JPEG, PNG or DICOM, told apart by what is in it.
import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { DataError } from '../errors.ts';
import { decodeDicom } from './dicom/decode.ts';
import { maxPixels } from './limits.ts';
import { fitSquare, greyPixels, pipelineOf } from './resize.ts';
import { readImageBytes } from './source.ts';

/** Grey pixels, row-major, 0 to 255. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

type Kind = 'jpeg' | 'png' | 'png16' | 'dicom' | undefined;

const begins = (bytes: Uint8Array, ...start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte);

function kindOf(bytes: Uint8Array, name: string): Kind {
  if (begins(bytes, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (begins(bytes, 0x89, 0x50, 0x4e, 0x47)) return bytes[24] === 16 ? 'png16' : 'png';
  // Files without DICOM's preamble are taken for DICOM by their name, or when they begin with group 0002 or 0008.
  const marked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 128, 132) === 'DICM';
  return marked || begins(bytes, 2, 0) || begins(bytes, 8, 0) || /\.(dcm|dicom)$/i.test(name) ? 'dicom' : undefined;
}

const encoded = (bytes: Uint8Array): Sharp => sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels }).flatten().greyscale();

/** 16 bits without a word of how many of them are used: as in DICOM, the least value becomes 0 and the greatest 255. */
async function readDeep(bytes: Uint8Array): Promise<GreyImage> {
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels })
    .flatten()
    .toColourspace('grey16')
    .extractChannel(0)
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  let [least, greatest] = [65_535, 0];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  return { width: info.width, height: info.height, pixels: Uint8Array.from(values, (value) => Math.round((value - least) * scale)) };
}

async function decode(bytes: Uint8Array, name: string, finish: (pipeline: Sharp) => Sharp): Promise<GreyImage> {
  const kind = kindOf(bytes, name);
  if (kind === undefined) throw new DataError(`${name}: is neither JPEG, PNG nor DICOM; convert the image or leave the study out`);
  if (kind === 'dicom') return greyPixels(finish(pipelineOf(await decodeDicom(bytes, name))));
  try {
    return await greyPixels(finish(kind === 'png16' ? pipelineOf(await readDeep(bytes)) : encoded(bytes)));
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    throw new DataError(`${name}: cannot be read as an image (${reason}); restore the file or leave the study out`);
  }
}

/** Decodes an image's bytes at full size. `name` is for messages. Throws a DataError. */
export const decodeGrey = (bytes: Uint8Array, name: string): Promise<GreyImage> => decode(bytes, name, (pipeline) => pipeline);

/** Decodes an image's bytes as a square of `size` pixels: longest side to `size`, the rest zeros. Throws a DataError. */
export const decodeSquare = async (bytes: Uint8Array, name: string, size: number): Promise<Uint8Array> =>
  (await decode(bytes, name, (pipeline) => fitSquare(pipeline, size))).pixels;

/** Reads JPEG, PNG or DICOM at full size. Throws a DataError that names the file. */
export const readGrey = async (file: string): Promise<GreyImage> => decodeGrey(await readImageBytes(file), file);

/** Reads a file as a square of `size` pixels. Throws a DataError that names the file. */
export const readSquare = async (file: string, size: number): Promise<Uint8Array> => decodeSquare(await readImageBytes(file), file, size);
