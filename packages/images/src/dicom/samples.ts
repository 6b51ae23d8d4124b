// Stored values of a file's first frame, whatever its transfer syntax: one for each pixel, as the bits in the file are.
import { decodeJpeg } from '../jpeg-and-png.ts';
import { luminanceOf } from '../luminance.ts';
import { streamSize } from '../stream-size.ts';
import type { DecodedFrame, WasmCodec } from '../wasm-codecs.ts';
import { decodeWasm } from '../wasm-codecs.ts';
import type { DicomFile } from './file.ts';
import { endsStream, firstFrame } from './frames.ts';
import { decodeLossless } from './lossless.ts';
import { nativeSyntaxes } from './parse.ts';
import { decodeRle } from './rle.ts';

type Decode = (frame: Uint8Array, file: DicomFile) => DecodedFrame | Promise<DecodedFrame>;

/**
 * A JPEG whose components are what the header of the file around it says, in words that every decoder takes: an Adobe marker in front, and JFIF's
 * passed over. One that has an Adobe marker says so itself.
 */
function asInterpreted(frame: Uint8Array, photometric: string): Uint8Array {
  if (!/^(RGB|YBR)/.test(photometric) || Buffer.from(frame.subarray(0, 4096)).includes('Adobe')) return frame;
  const marker = Uint8Array.of(0xff, 0xd8, 0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, photometric === 'RGB' ? 0 : 1);
  const rest = frame.slice(2);
  if (rest[0] === 0xff && rest[1] === 0xe0) rest[1] = 0xe9;
  return Buffer.concat([marker, rest]);
}

const jpeg: Decode = async (frame, { columns, rows, photometric }) => {
  const { width, height, pixels } = await decodeJpeg(asInterpreted(frame, photometric)).catch((error: unknown) => {
    throw new Error(`cannot be decompressed (${(error as Error).message.split('\n')[0]})`, { cause: error });
  });
  if (width !== columns || height !== rows) throw new Error(`has a compressed image of ${width} x ${height} pixels in one of ${columns} x ${rows}`);
  return { data: pixels, samples: 1, bytesPerSample: 1 };
};
const lossless: Decode = (frame, { columns, rows }) => decodeLossless(frame, columns, rows);
const wasm =
  (name: WasmCodec): Decode =>
  (frame, { columns, rows }) =>
    decodeWasm(name, frame, columns, rows);
const rle: Decode = (frame, { columns, rows, samples, bitsAllocated }) => {
  const bytesPerSample = bitsAllocated === 8 ? 1 : 2;
  return { data: decodeRle(frame, columns * rows, samples, bytesPerSample), samples, bytesPerSample };
};

const decoders = { jpeg, lossless, jpegLs: wasm('jpegLs'), jpeg2000: wasm('jpeg2000'), htj2k: wasm('htj2k'), rle } satisfies Record<string, Decode>;

/** Codings by their transfer syntaxes (PS3.5 annex A.4), after 1.2.840.10008.1.2. */
const codings: readonly (readonly [coding: keyof typeof decoders, ...syntaxes: string[]])[] = [
  ['jpeg', '4.50', '4.51'],
  ['lossless', '4.57', '4.70'],
  ['jpegLs', '4.80', '4.81'],
  ['jpeg2000', '4.90', '4.91'],
  ['htj2k', '4.201', '4.202', '4.203'],
  ['rle', '5'],
];
const codingOf = (syntax: string): keyof typeof decoders | undefined =>
  codings.find(([, ...syntaxes]) => syntaxes.some((end) => syntax === `1.2.840.10008.1.2.${end}`))?.[0];

/** The coding that a stream's own header shows; undefined where it shows none. */
function shownBy(frame: Uint8Array): keyof typeof decoders | undefined {
  if (frame[0] !== 0xff || (frame[1] !== 0xd8 && frame[1] !== 0x4f)) return undefined;
  const marker = streamSize(frame)?.marker;
  // A capability of part 15 stands before the first tile.
  if (marker === 0xff51) return frame.subarray(0, 256).some((byte, i) => byte === 0xff && frame[i + 1] === 0x50) ? 'htj2k' : 'jpeg2000';
  return marker === undefined ? undefined : marker === 0xfff7 ? 'jpegLs' : marker === 0xffc3 ? 'lossless' : 'jpeg';
}

/** A compressed frame, by the decoder of what its stream shows where the transfer syntax says otherwise; undefined for pixels that are not compressed. */
async function compressedFrame(file: DicomFile): Promise<DecodedFrame | undefined> {
  const stated = codingOf(file.syntax);
  if (stated === undefined && file.pixels.length !== 0xffffffff) return undefined;
  const frame = firstFrame(file, true);
  const coding = shownBy(frame) ?? stated;
  if (coding === undefined) throw new Error('has compressed pixels where its transfer syntax says there are none');
  if (coding !== stated) file.assumed.push(`the transfer syntax ${file.syntax} does not name the coding of the pixels: read as ${coding}`);
  // Their decoders take zeros for what is missing; those of the other codings notice.
  if (coding !== 'rle' && coding !== 'jpeg' && !endsStream(frame, 64)) throw new Error('is truncated: its pixels end early');
  return decoders[coding](frame, file);
}

/** Is this a transfer syntax that is decoded? */
export const isDecoded = (syntax: string): boolean => codingOf(syntax) !== undefined || nativeSyntaxes.includes(syntax);

/** Stored values as bit patterns, 8 or 16 bits wide: one for each pixel, colours as their luminance. */
export type StoredValues = Uint8Array | Uint16Array;

/** Reads them. Throws an Error that says what is wrong. */
export async function storedValues(file: DicomFile): Promise<StoredValues> {
  const compressed = await compressedFrame(file);
  const frame = compressed ?? nativeFrame(file);
  if (/^YBR_.*_422$/.test(file.photometric) && !compressed) return luminance422(frame.data, file.rows * file.columns);
  const values = frame.bytesPerSample === 1 ? frame.data : words(frame.data);
  if (frame.samples === 1) return values;
  // A decoder gives pixels in turn; a native or run-length colour image may be planar.
  const planar = !compressed && file.planar;
  if (!file.photometric.startsWith('YBR_FULL')) return luminanceOf(values, frame.samples, planar);
  return planar ? values.subarray(0, file.rows * file.columns) : values.filter((_, i) => i % frame.samples === 0);
}

function nativeFrame(file: DicomFile): DecodedFrame {
  const { bitsAllocated, littleEndian, samples, pixels } = file;
  const bytes = firstFrame(file, false);
  // In big-endian files bytes come in swapped pairs too where they are written as words.
  if (littleEndian || (bitsAllocated === 8 && pixels.vr !== 'OW')) return { data: bytes, samples, bytesPerSample: bitsAllocated === 8 ? 1 : 2 };
  const whole = bytes.length % 2 === 0 ? bytes : file.bytes.subarray(pixels.dataOffset, pixels.dataOffset + bytes.length + 1);
  return {
    data: Buffer.from(whole)
      .subarray(0, whole.length & ~1)
      .swap16(),
    samples,
    bytesPerSample: bitsAllocated === 8 ? 1 : 2,
  };
}

/** Little-endian words; copied only where they do not begin at an even address. */
function words(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
}

/** Luminance of pixels stored as Y1 Y2 Cb Cr. */
function luminance422(bytes: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => bytes[4 * (i >> 1) + (i & 1)]!);
}
