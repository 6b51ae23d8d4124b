// A DICOM file's attributes, as far as its first frame's grey values depend on them.
import type dicomParser from 'dicom-parser';
import { checkSides } from '../limits.ts';
import { parseDicom, pixelTag } from './parse.ts';

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
  /** What was assumed where the header is silent or wrong, a phrase each; decoding adds to it. */
  readonly assumed: string[];
}

/** Photometric interpretations that are decoded. */
const interpretations = [
  'MONOCHROME1',
  'MONOCHROME2',
  'PALETTE COLOR',
  'RGB',
  'YBR_FULL',
  'YBR_FULL_422',
  'YBR_PARTIAL_422',
  'YBR_PARTIAL_420',
  'YBR_ICT',
  'YBR_RCT',
];

/** A code as it is compared: capitals, without blanks and low lines. */
export const bareCode = (text: string): string => text.toUpperCase().replace(/[\s_]/g, '');

/** The interpretation of that name, in any case and with blanks. Throws an Error that names one that is not decoded. */
function photometricOf(text: string | undefined, samples: number, assumed: string[]): string {
  if (text === undefined || bareCode(text) === '') {
    const usual = samples === 1 ? 'MONOCHROME2' : 'RGB';
    assumed.push(`no photometric interpretation is given: read as ${usual}`);
    return usual;
  }
  const known = interpretations.find((name) => bareCode(name) === bareCode(text));
  if (known === undefined) throw new Error(`has the photometric interpretation ${JSON.stringify(text)}, which is not decoded`);
  return known;
}

/**
 * A decimal string's value; undefined where it is blank or absent. One with a decimal comma is read and noted in `assumed`. Throws an Error
 * that names what is no number, or may be a number of thousands.
 */
export function decimal(set: dicomParser.DataSet, tag: string, assumed: string[], index = 0): number | undefined {
  const text = set.string(tag, index)?.trim();
  if (!text) return undefined;
  const name = `(${tag.slice(1, 5)},${tag.slice(5)})`;
  const comma = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(text) && !/^[+-]?[1-9]\d{0,2},\d{3}$/.test(text);
  const value = Number(comma ? text.replace(',', '.') : text);
  if (!Number.isFinite(value)) throw new Error(`has the value ${JSON.stringify(text)} in ${name}, which is no number`);
  if (comma) assumed.push(`${JSON.stringify(text)} in ${name} has a decimal comma: read as ${value}`);
  return value;
}

/** The pixel's height by its width: from the ratio, else from unequal spacings. */
function pixelAspect(set: dicomParser.DataSet, assumed: string[]): number {
  const pair = (tag: string): number | undefined => {
    try {
      const [first = 0, second = 0] = [decimal(set, tag, assumed), decimal(set, tag, assumed, 1)];
      return first > 0 && second > 0 && Number.isFinite(first / second) ? first / second : undefined;
    } catch (error) {
      assumed.push(`it ${(error as Error).message}: left aside`);
      return undefined;
    }
  };
  return pair('x00280034') ?? pair('x00280030') ?? pair('x00181164') ?? 1;
}

/** Reads a file's attributes. `supported` says which transfer syntaxes the caller decodes. Throws an Error that says what is wrong. */
export function readDicomFile(bytes: Uint8Array, supported: (syntax: string) => boolean): DicomFile {
  const { set, syntax, littleEndian, assumed: assumptions } = parseDicom(bytes, supported);
  const assumed = [...assumptions];
  const number = (tag: string) => set.uint16(tag);
  const [rows, columns] = [number('x00280010') ?? 0, number('x00280011') ?? 0];
  const pixels = set.elements[pixelTag];
  if (rows === 0 || columns === 0 || pixels === undefined) throw new Error('has no pixels');
  checkSides(columns, rows);
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
    littleEndian,
    rows,
    columns,
    frames: Math.max(1, Number(set.string('x00280008')) || 1),
    samples,
    planar: number('x00280006') === 1,
    photometric: photometricOf(set.string('x00280004'), samples, assumed),
    bitsAllocated,
    bitsStored,
    lowBits: lowBits >= 0 && lowBits + bitsStored <= bitsAllocated ? lowBits : 0,
    signed: number('x00280103') === 1,
    aspect: pixelAspect(set, assumed),
    pixels,
    assumed,
  };
}
