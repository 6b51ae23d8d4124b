// Plain PNG, as radiographs and shards have it (8-bit grey, not interlaced, without transparency), decoded and encoded without setting up a pipeline.
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import type { GreyImage } from '@hybridmed/inputs';
import { checkSides } from './limits.ts';

// Smaller pieces would come from the memory that Node's Buffers share.
const minChunk = 2 ** 13;

/** Decodes PNG [ISO/IEC 15948]; undefined for other kinds of PNG. Throws an Error for a broken file. */
export function decodePlainPng(bytes: Uint8Array): GreyImage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw new Error('is truncated');
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour, interlace] = [bytes[24], bytes[25], bytes[28]];
  checkSides(width, height);
  if (depth !== 8 || colour !== 0 || interlace !== 0) return undefined;
  const parts: Uint8Array[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw new Error('is truncated');
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw new Error('is truncated');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) throw new Error(`has a broken ${type.replace(/[^A-Za-z]/g, '?')} chunk`);
    if (type === 'tRNS') return undefined;
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, end));
    if (type === 'IEND') break;
    at = end + 4;
  }
  const rows = (width + 1) * height;
  // In one piece, with a byte more than is needed: without it zlib would take a second piece to find that there is nothing left.
  const lines = inflateSync(parts.length === 1 ? parts[0]! : Buffer.concat(parts), { maxOutputLength: rows, chunkSize: Math.max(minChunk, rows + 1) });
  if (lines.length !== rows) throw new Error('is truncated');
  return { width, height, pixels: unfilter(lines, width, height) };
}

// What a filter comes to in the first row, which has zeros above it.
const firstRow = [0, 1, 0, 3, 1];

/** Undoes the filter of each row (PNG 9.2), in place: rows move to the front by the bytes that named the filters. */
function unfilter(out: Buffer, width: number, height: number): Uint8Array {
  for (let row = 0; row < height; row++) {
    const [to, from] = [row * width, row * (width + 1) + 1];
    const named = out[from - 1]!;
    const [filter, move, up] = [row === 0 ? (firstRow[named] ?? named) : named, from - to, to - width];
    if (filter === 0) out.copyWithin(to, from, from + width);
    else if (filter === 1) for (let at = to, left = 0; at < to + width; at++) out[at] = left = (out[at + move]! + left) & 255;
    else if (filter === 2) for (let at = to; at < to + width; at++) out[at] = out[at + move]! + out[at - width]!;
    else if (filter === 3)
      for (let at = to, left = 0; at < to + width; at++) out[at] = left = (out[at + move]! + ((left + (up < 0 ? 0 : out[at - width]!)) >> 1)) & 255;
    else if (filter === 4) paeth(out, to, move, width);
    else throw new Error('has a broken row');
  }
  // A plain array: what zlib gives is a Buffer.
  return new Uint8Array(out.buffer, out.byteOffset, width * height);
}

function paeth(out: Uint8Array, to: number, move: number, width: number): void {
  let [left, corner] = [0, 0];
  for (let at = to; at < to + width; at++) {
    const up = out[at - width]!;
    const guess = left + up - corner;
    const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
    left = out[at] = (out[at + move]! + (toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner)) & 255;
    corner = up;
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * Encodes grey pixels as PNG. Each row is stored as its difference to the row above (filter 2): radiographs come out as small as with a filter
 * chosen for each row, which is mostly Paeth's, and are decoded in less than half the time.
 */
export function encodePlainPng({ width, height, pixels }: GreyImage): Uint8Array {
  const lines = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row++) {
    const [from, to] = [row * width, row * (width + 1)];
    if (row === 0) lines.set(pixels.subarray(0, width), 1);
    else {
      lines[to] = 2;
      for (let x = 0; x < width; x++) lines[to + 1 + x] = pixels[from + x]! - pixels[from - width + x]!;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits; colour type 0, grey, and the compression, filter and interlace methods 0 follow.
  header[8] = 8;
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(lines, { level: 3 })), chunk('IEND', new Uint8Array(0))]);
}
