// A minimal DICOM writer (explicit little-endian) for tests of what no fixture holds.

type Value = string | readonly number[] | Uint8Array;

/** An element: tag as group and element, value representation, value (numbers are 16 bit). */
export type DicomElement = readonly [tag: number, vr: string, value: Value];

/** How a data set is written, whatever its transfer syntax says. */
export type DicomEncoding = 'explicit' | 'implicit' | 'big-endian';

function bytesOf(value: Value, vr: string, encoding: DicomEncoding): Buffer {
  const words =
    typeof value === 'string' || value instanceof Uint8Array ? undefined : Buffer.from(Uint16Array.from(value.map((number) => number & 0xffff)).buffer);
  const bytes = words ?? (typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value as Uint8Array));
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(typeof value === 'string' ? ' ' : '\0')]);
  return encoding === 'big-endian' && (words || vr === 'OW') ? even.swap16() : even;
}

function elementBytes([tag, vr, value]: DicomElement, encoding: DicomEncoding): Buffer {
  const [bytes, long] = [bytesOf(value, vr, encoding), ['OB', 'OW', 'SQ', 'UN'].includes(vr)];
  const head = Buffer.alloc(long && encoding !== 'implicit' ? 12 : 8);
  const [write16, write32] = encoding === 'big-endian' ? (['writeUInt16BE', 'writeUInt32BE'] as const) : (['writeUInt16LE', 'writeUInt32LE'] as const);
  head[write16](tag >>> 16, 0);
  head[write16](tag & 0xffff, 2);
  if (encoding !== 'implicit') head.write(vr, 4, 'latin1');
  if (encoding === 'implicit') head[write32](bytes.length, 4);
  else if (long) head[write32](bytes.length, 8);
  else head[write16](bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** A sequence's one item, for an element of VR SQ. */
export const dicomItem = (elements: readonly DicomElement[], encoding: DicomEncoding = 'explicit'): Uint8Array => {
  const body = Buffer.concat(elements.map((element) => elementBytes(element, encoding)));
  const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
};

/** A file of one frame: sides, bits allocated, pixels, and further elements, which take the place of those of the same tag. */
export function dicomFile(
  width: number,
  height: number,
  bits: 8 | 16,
  pixels: Uint8Array,
  more: readonly DicomElement[] = [],
  encoding: DicomEncoding = 'explicit',
): Buffer {
  const base: DicomElement[] = [
    [0x00080060, 'CS', 'DX'],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', [height]],
    [0x00280011, 'US', [width]],
    [0x00280100, 'US', [bits]],
    [0x00280101, 'US', [bits]],
    [0x00280102, 'US', [bits - 1]],
    [0x00280103, 'US', [0]],
    [0x7fe00010, bits === 8 ? 'OB' : 'OW', pixels],
  ];
  const all = new Map([...base, ...more].map((element) => [element[0], element]));
  const syntax = all.get(0x00020010) ?? ([0x00020010, 'UI', '1.2.840.10008.1.2.1\0'] as const);
  all.delete(0x00020010);
  const elements = [syntax, ...[...all.values()].toSorted((a, b) => a[0] - b[0])];
  const [meta, ...set] = elements;
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), elementBytes(meta!, 'explicit'), ...set.map((element) => elementBytes(element, encoding))]);
}
