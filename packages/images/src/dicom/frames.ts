// The bytes of a file's first frame: native pixels, or the fragments of an encapsulated one put together.
import type { DicomFile } from './file.ts';

const itemTag = 0xe000fffe;
const sequenceEnd = 0xe0ddfffe;

/** The frame's bytes as they are in the file. Throws an Error that says what is wrong. */
export function firstFrame(file: DicomFile, encapsulated: boolean): Uint8Array {
  const { bytes, pixels } = file;
  if (encapsulated) return joined(file, fragmentsOf(file));
  const length = Math.ceil((file.rows * file.columns * file.samples * file.bitsAllocated) / 8);
  const shortened = /^YBR_.*_422$/.test(file.photometric) ? Math.ceil((length * 2) / 3) : length;
  if (pixels.dataOffset + shortened > bytes.length) throw new Error('is truncated: its pixels end early');
  return bytes.subarray(pixels.dataOffset, pixels.dataOffset + shortened);
}

interface Fragments {
  readonly offsets: readonly number[];
  /** Where each fragment's item begins, counted from the first one's, and its bytes. */
  readonly items: readonly { readonly start: number; readonly bytes: Uint8Array }[];
}

function fragmentsOf({ bytes, pixels }: DicomFile): Fragments {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: { start: number; bytes: Uint8Array }[] = [];
  let at = pixels.dataOffset;
  while (at + 8 <= bytes.length) {
    const [tag, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (tag === sequenceEnd) break;
    if (tag !== itemTag) throw new Error('has broken fragments of pixels');
    // A last fragment may be cut off: its decoder says whether that matters.
    items.push({ start: at, bytes: bytes.subarray(at + 8, Math.min(at + 8 + length, bytes.length)) });
    at += 8 + length;
  }
  const [table, ...rest] = items;
  if (table === undefined || rest.length === 0) throw new Error('has no fragments of pixels');
  const offsets = new DataView(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength);
  return {
    offsets: Array.from({ length: Math.floor(table.bytes.length / 4) }, (_, i) => offsets.getUint32(4 * i, true)),
    items: rest.map(({ start, bytes: part }) => ({ start: start - rest[0]!.start, bytes: part })),
  };
}

/** Do bytes end a JPEG codestream (EOI, or JPEG 2000's EOC, perhaps padded)? No coding of the family has these two within its data. */
export const endsStream = (bytes: Uint8Array, padding = 2): boolean => {
  const tail = [...bytes.subarray(-2 - padding)];
  return tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9);
};

function joined({ frames }: DicomFile, { offsets, items }: Fragments): Uint8Array {
  let count = items.length;
  if (frames > 1) {
    if (offsets.length > 1) count = items.filter(({ start }) => start < offsets[1]!).length;
    else if (items.length === frames) count = 1;
    else count = items.findIndex(({ bytes }) => endsStream(bytes)) + 1 || items.length;
  }
  const parts = items.slice(0, Math.max(1, count)).map(({ bytes }) => bytes);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
