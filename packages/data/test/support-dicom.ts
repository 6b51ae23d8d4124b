// A minimal DICOM writer (explicit little-endian) for tests of what no fixture holds.

type Value = string | readonly number[] | Uint8Array;

/** An element: tag as group and element, value representation, value (numbers are 16 bit). */
export type DicomElement = readonly [tag: number, vr: string, value: Value];

function bytesOf(value: Value): Buffer {
  const bytes =
    typeof value === 'string'
      ? Buffer.from(value, 'latin1')
      : value instanceof Uint8Array
        ? Buffer.from(value)
        : Buffer.from(Uint16Array.from(value.map((number) => number & 0xffff)).buffer);
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(typeof value === 'string' ? ' ' : '\0')]);
}

function elementBytes([tag, vr, value]: DicomElement): Buffer {
  const [bytes, long] = [bytesOf(value), ['OB', 'OW', 'SQ', 'UN'].includes(vr)];
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** A file of one frame: sides, bits allocated, pixels, and further elements, which take the place of those of the same tag. */
export function dicomFile(width: number, height: number, bits: 8 | 16, pixels: Uint8Array, more: readonly DicomElement[] = []): Buffer {
  const base: DicomElement[] = [
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
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...elements.map(elementBytes)]);
}
