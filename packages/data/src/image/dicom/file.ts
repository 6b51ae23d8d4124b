// A DICOM file's attributes, as far as its first frame's grey values depend on them.
import { inflateRawSync } from 'node:zlib';
import dicomParser from 'dicom-parser';
import { maxPixels } from '../limits.ts';

/** What a file says of its pixels. */
export interface DicomFile {
  readonly set: dicomParser.DataSet;
  readonly bytes: Uint8Array;
  readonly syntax: string;
  readonly littleEndian: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: number;
  /** Samples of a colour image one plane after another, instead of pixel by pixel. */
  readonly planar: boolean;
  readonly photometric: string;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  /** Unused bits below the stored ones. */
  readonly lowBits: number;
  readonly signed: boolean;
  /** Height of a pixel by its width. */
  readonly aspect: number;
  readonly pixels: dicomParser.Element;
}

export const syntaxes = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  bigEndian: '1.2.840.10008.1.2.2',
} as const;

// Two bytes for every pixel, and room for the rest of the file.
const maxInflated = 2 * maxPixels + 2 ** 26;
const pixelTag = 'x7fe00010';

function inflate(bytes: Uint8Array, position: number): Uint8Array {
  const rest = inflateRawSync(bytes.subarray(position), { maxOutputLength: maxInflated });
  return Buffer.concat([bytes.subarray(0, position), rest]);
}

/** A file without preamble begins with an element: is that one explicit, its value representation two capital letters? */
const looksExplicit = (bytes: Uint8Array): boolean => bytes.subarray(4, 6).every((byte) => byte >= 0x41 && byte <= 0x5a);

function parse(bytes: Uint8Array): dicomParser.DataSet {
  const part10 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 128, 132) === 'DICM';
  const raw = part10 ? {} : { TransferSyntaxUID: looksExplicit(bytes) ? syntaxes.explicit : syntaxes.implicit };
  // The parser's own types lack the inflater and the syntax of files without preamble.
  return dicomParser.parseDicom(bytes, { untilTag: pixelTag, inflater: inflate, ...raw } as dicomParser.ParseDicomOptions);
}

/** The pixel's height by its width: from the ratio, else from unequal spacings. */
function pixelAspect(set: dicomParser.DataSet): number {
  const pair = (tag: string): number | undefined => {
    const [first, second] = [Number(set.string(tag, 0)), Number(set.string(tag, 1))];
    return first > 0 && second > 0 && Number.isFinite(first / second) ? first / second : undefined;
  };
  return pair('x00280034') ?? pair('x00280030') ?? pair('x00181164') ?? 1;
}

/** Reads a file's attributes. Throws an Error that says what is wrong. */
export function readDicomFile(bytes: Uint8Array): DicomFile {
  const set = parse(bytes);
  const syntax = set.string('x00020010')?.trim() || (looksExplicit(bytes) ? syntaxes.explicit : syntaxes.implicit);
  const number = (tag: string) => set.uint16(tag);
  const [rows, columns] = [number('x00280010') ?? 0, number('x00280011') ?? 0];
  const pixels = set.elements[pixelTag];
  if (rows === 0 || columns === 0 || pixels === undefined) throw new Error('has no pixels');
  if (rows * columns > maxPixels) throw new Error(`is ${columns} x ${rows} pixels, more than ${maxPixels}`);
  const bitsAllocated = number('x00280100') ?? (pixels.length >= 2 * rows * columns ? 16 : 8);
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw new Error(`has ${bitsAllocated} bits a pixel, not 8 or 16`);
  const bitsStored = number('x00280101') ?? bitsAllocated;
  const lowBits = (number('x00280102') ?? bitsStored - 1) + 1 - bitsStored;
  if (bitsStored < 1 || bitsStored > bitsAllocated) throw new Error(`stores ${bitsStored} bits in ${bitsAllocated}`);
  const samples = number('x00280002') ?? 1;
  if (samples !== 1 && samples !== 3) throw new Error(`has ${samples} samples a pixel, not 1 or 3`);
  return {
    set,
    bytes: set.byteArray,
    syntax,
    littleEndian: syntax !== syntaxes.bigEndian,
    rows,
    columns,
    frames: Math.max(1, Number(set.string('x00280008')) || 1),
    samples,
    planar: number('x00280006') === 1,
    photometric: set.string('x00280004')?.trim() ?? 'MONOCHROME2',
    bitsAllocated,
    bitsStored,
    lowBits: lowBits >= 0 && lowBits + bitsStored <= bitsAllocated ? lowBits : 0,
    signed: number('x00280103') === 1,
    aspect: pixelAspect(set),
    pixels,
  };
}
