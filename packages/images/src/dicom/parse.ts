// A DICOM file's elements before its pixels, encoded as the first of them shows where the transfer syntax says otherwise.
import { inflateRawSync, inflateSync } from 'node:zlib';
import dicomParser from 'dicom-parser';

export const pixelTag = 'x7fe00010';

const bigEndianSyntax = '1.2.840.10008.1.2.2';
const deflatedSyntax = '1.2.840.10008.1.2.1.99';
/** Syntaxes whose pixels are not compressed: implicit, explicit, deflated, big-endian. */
export const nativeSyntaxes: readonly string[] = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', deflatedSyntax, bigEndianSyntax];

// In pieces as zlib gives them, and put together.
const maxInflated = 2 ** 26;

/** Elements, and how they are encoded. */
export interface ParsedDicom {
  readonly set: dicomParser.DataSet;
  readonly syntax: string;
  readonly littleEndian: boolean;
  /** What was assumed against the transfer syntax, a phrase each. */
  readonly assumed: readonly string[];
}

const hasMark = (bytes: Uint8Array): boolean => bytes.length >= 132 && bytes[128] === 0x44 && bytes[129] === 0x49 && bytes[130] === 0x43 && bytes[131] === 0x4d;

/** Is the element at `at` explicit: its value representation two capital letters? */
const isExplicit = (bytes: Uint8Array, at: number): boolean => bytes.subarray(at + 4, at + 6).every((byte) => byte >= 0x41 && byte <= 0x5a);

/** The transfer syntax of the file's meta information, and where the data set begins. */
function readMeta(bytes: Uint8Array): { syntax: string | undefined; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let syntax: string | undefined;
  let at = hasMark(bytes) ? 132 : 0;
  while (at + 8 <= bytes.length && view.getUint16(at, true) === 2) {
    const explicit = isExplicit(bytes, at);
    const long = explicit && /^(O[BWFDLV]|SQ|U[NTCR])$/.test(String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!));
    if (long && at + 12 > bytes.length) break;
    const [from, length] = long ? [at + 12, view.getUint32(at + 8, true)] : [at + 8, explicit ? view.getUint16(at + 6, true) : view.getUint32(at + 4, true)];
    if (view.getUint16(at + 2, true) === 0x10) syntax = Buffer.from(bytes.subarray(from, from + Math.min(length, 64))).toString('latin1').replace(/[\0\s]+$/, '').trim(); // prettier-ignore
    at = from + length;
  }
  return { syntax, start: at };
}

function inflated(rest: Uint8Array): Uint8Array {
  // By the standard without zlib's header; some writers leave it there.
  const inflate = rest[0] === 0x78 && (rest[0]! * 256 + rest[1]!) % 31 === 0 ? inflateSync : inflateRawSync;
  return inflate(rest, { maxOutputLength: maxInflated, chunkSize: 2 ** 20 });
}

/** Reads the elements before the pixels. `supported` says which syntaxes the caller decodes. Throws an Error, or what dicom-parser throws: `{ exception, dataSet }`. */
export function parseDicom(file: Uint8Array, supported: (syntax: string) => boolean = () => true): ParsedDicom {
  const { syntax: stated, start } = readMeta(file);
  if (stated !== undefined && stated !== '' && !supported(stated))
    throw new Error(`has the transfer syntax ${stated.replace(/[^ -~]/g, '?')}, which is not decoded`);
  // A data set that shows a value representation where it should be deflated is not.
  const rest = file.subarray(start);
  const bytes = stated === deflatedSyntax && !isExplicit(rest, 0) ? inflated(rest) : rest;
  const explicit = isExplicit(bytes, 0);
  // Data sets begin with group 0008: the byte that is zero is the high one.
  const big = explicit && bytes[0]! < bytes[1]!;
  const shown = big ? bigEndianSyntax : explicit ? nativeSyntaxes[1]! : nativeSyntaxes[0]!;
  const [saysExplicit, saysBig] = [stated !== nativeSyntaxes[0], stated === bigEndianSyntax];
  const names = (isVrExplicit: boolean, isBig: boolean) => `${isVrExplicit ? 'explicit' : 'implicit'} ${isBig ? 'big' : 'little'}-endian`;
  const assumed =
    stated && (saysExplicit !== explicit || saysBig !== big)
      ? [`the transfer syntax ${stated} says ${names(saysExplicit, saysBig)} elements, the first one is ${names(explicit, big)}: read as that`]
      : stated
        ? []
        : [`no transfer syntax is given: read as ${names(explicit, big)}, as the first element shows`];
  // Without what comes before the data set, the parser takes the syntax that it is given.
  const options = { untilTag: pixelTag, TransferSyntaxUID: shown } as dicomParser.ParseDicomOptions;
  const set = dicomParser.parseDicom(bytes, options);
  return { set, syntax: stated && !nativeSyntaxes.includes(stated) ? stated : shown, littleEndian: !big, assumed };
}
