// The headers of a JPEG file up to its one scan.
import type { HuffmanTable } from './huffman.ts';
import { huffmanTable } from './huffman.ts';

/** A component: how many of its blocks a unit holds across and down, and its tables. */
export interface JpegComponent {
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
  dc?: HuffmanTable | undefined;
  ac?: HuffmanTable | undefined;
}

/** An image of one scan. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly JpegComponent[];
  /** In zigzag order. */
  readonly quantization: readonly (Uint16Array | undefined)[];
  /** Units between restart markers; 0 for none. */
  readonly restart: number;
  /** Where the entropy-coded bytes begin. */
  readonly scan: number;
  /** Are the components red, green and blue, not luminance and two colour differences? */
  readonly rgb: boolean;
}

/** Reads the headers; undefined for kinds of JPEG that are not baseline, of one scan, of one or three components. Throws an Error for a broken file. */
export function readJpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables: (HuffmanTable | undefined)[] = [];
  const quantization: (Uint16Array | undefined)[] = [];
  let restart = 0;
  let jfif = false;
  let adobe: number | undefined;
  let sides: [width: number, height: number] | undefined;
  const components = new Map<number, JpegComponent>();
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at++;
      continue;
    }
    const [length, start] = [view.getUint16(at + 2), at + 4];
    const end = at + 2 + length;
    if (marker < 0xffc0 || length < 2 || end > bytes.length) throw new Error('has a broken header');
    if (marker === 0xffdb) readQuantization(bytes.subarray(start, end), quantization);
    else if (marker === 0xffc4) readHuffman(bytes.subarray(start, end), tables);
    else if (marker === 0xffdd) restart = view.getUint16(start);
    else if (marker === 0xffe0 && beginsWith(bytes, start, 'JFIF\0')) jfif = true;
    else if (marker === 0xffee && end - start >= 12 && beginsWith(bytes, start, 'Adobe')) adobe = bytes[start + 11];
    else if (marker === 0xffc0 || marker === 0xffc1) {
      if (sides !== undefined) throw new Error('has two frame headers');
      if (bytes[start] !== 8) return undefined;
      sides = [view.getUint16(start + 3), view.getUint16(start + 1)];
      for (let i = 0, from = start + 6; i < bytes[start + 5]!; i++, from += 3)
        components.set(bytes[from]!, { across: bytes[from + 1]! >> 4, down: bytes[from + 1]! & 15, quantization: bytes[from + 2]! });
    } else if (marker >= 0xffc2 && marker <= 0xffcf) return undefined;
    else if (marker === 0xffda) {
      const [ids, known] = [[...components.keys()], [...components.values()]];
      if (sides === undefined || (known.length !== 1 && known.length !== 3) || bytes[start] !== known.length) return undefined;
      for (const [i, component] of known.entries()) {
        const [id, numbers] = [bytes[start + 1 + 2 * i]!, bytes[start + 2 + 2 * i]!];
        if (id !== ids[i]) return undefined;
        [component.dc, component.ac] = [tables[numbers >> 4], tables[16 + (numbers & 15)]];
      }
      // As libjpeg takes it: what JFIF says, else Adobe's marker, else the components' names.
      const rgb = known.length === 3 && !jfif && (adobe === undefined ? String.fromCharCode(...ids) === 'RGB' : adobe === 0);
      return { width: sides[0], height: sides[1], components: known, quantization, restart, scan: end, rgb };
    }
    at = end;
  }
  throw new Error('is truncated');
}

const beginsWith = (bytes: Uint8Array, at: number, text: string): boolean => String.fromCharCode(...bytes.subarray(at, at + text.length)) === text;

function readQuantization(part: Uint8Array, tables: (Uint16Array | undefined)[]): void {
  for (let at = 0; at < part.length;) {
    const wide = part[at]! >> 4 !== 0;
    if (at + 1 + (wide ? 128 : 64) > part.length) throw new Error('has a broken quantization table');
    const from = at + 1;
    tables[part[at]! & 15] = Uint16Array.from({ length: 64 }, (_, i) => (wide ? (part[from + 2 * i]! << 8) | part[from + 2 * i + 1]! : part[from + i]!));
    at = from + (wide ? 128 : 64);
  }
}

function readHuffman(part: Uint8Array, tables: (HuffmanTable | undefined)[]): void {
  for (let at = 0; at + 17 <= part.length;) {
    const counts = part.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const [ac, number] = [part[at]! >> 4, part[at]! & 15];
    if (ac > 1) throw new Error('has a broken Huffman table');
    // Tables of AC coefficients have 16 added to their number.
    tables[ac * 16 + number] = huffmanTable(counts, part.subarray(at + 17, at + 17 + total), ac === 1);
    at += 17 + total;
  }
}
