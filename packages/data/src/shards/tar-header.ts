// Headers of tar members [POSIX ustar, with pax and GNU long names]: written plainly, read with suspicion.

/** Members begin at multiples of this. */
export const tarBlock = 512;

/** What a header says of the member behind it. */
export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** `0` for a file, `5` for a folder, `x` and `g` for pax records, `L` for a long name. */
  readonly type: string;
}

/** Bytes a member's content takes, padding included. */
export const paddedSize = (size: number): number => Math.ceil(size / tarBlock) * tarBlock;

function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < tarBlock; i++) sum += i >= 148 && i < 156 ? 32 : block[i]!;
  return sum;
}

/** The header of a file: no times, no owners, so that equal contents are equal bytes. Names are at most 100 ASCII characters. */
export function writeTarHeader(name: string, size: number): Uint8Array {
  const block = Buffer.alloc(tarBlock);
  block.write(name, 0, 100, 'ascii');
  block.write('0000644\u00000000000\u00000000000\0', 100, 'ascii');
  block.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124, 'ascii');
  block.write('0', 156, 'ascii');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

const text = (block: Uint8Array, from: number, length: number): string => {
  const end = block.subarray(from, from + length).indexOf(0);
  return Buffer.from(block.subarray(from, end === -1 ? from + length : from + end)).toString('utf8');
};

/** An octal number, or GNU's binary one for sizes beyond 8 GiB. */
function number(block: Uint8Array, from: number, length: number): number {
  if ((block[from]! & 0x80) === 0) {
    const digits = text(block, from, length).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
  }
  let value = 0;
  for (let i = from + 1; i < from + length; i++) value = value * 256 + block[i]!;
  return value;
}

/** Is a block nothing but zeros, as at an archive's end? */
export const isZeroBlock = (block: Uint8Array): boolean => block.every((byte) => byte === 0);

/** Reads a header. Throws an Error for a block that is none. */
export function readTarHeader(block: Uint8Array): TarHeader {
  if (number(block, 148, 8) !== checksum(block)) throw new Error('has a broken tar header');
  const size = number(block, 124, 12);
  if (!Number.isSafeInteger(size)) throw new Error('has a tar header with a broken size');
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return { name: prefix ? `${prefix}/${name}` : name, size, type: block[156] === 0 ? '0' : String.fromCharCode(block[156]!) };
}

/** The path and size that pax records name, each `LENGTH key=value\n`. */
export function readPax(records: Uint8Array): { path?: string; size?: number } {
  const fields: { path?: string; size?: number } = {};
  let at = 0;
  while (at < records.length) {
    const space = records.indexOf(32, at);
    const length = Number(Buffer.from(records.subarray(at, space === -1 ? at : space)).toString('latin1'));
    if (!Number.isSafeInteger(length) || length < 4 || at + length > records.length) throw new Error('has broken pax records');
    const [key, ...value] = Buffer.from(records.subarray(space + 1, at + length - 1))
      .toString('utf8')
      .split('=');
    if (key === 'path') fields.path = value.join('=');
    if (key === 'size') fields.size = Number(value.join('='));
    at += length;
  }
  return fields;
}
