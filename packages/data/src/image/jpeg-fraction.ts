// JPEG at a half, a quarter or an eighth of its size: the luminance alone, each pixel the mean of those it stands for, straight from the coefficients.
import type { GreyImage } from './grey.ts';
import type { HuffmanTable } from './jpeg-huffman.ts';
import { huffmanTable, quickBits, scanSegments } from './jpeg-huffman.ts';

/** Frequencies of the n-th coefficient: 8 * vertical + horizontal. */
const zigzag = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22,
  15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

interface Component {
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
  dc?: HuffmanTable | undefined;
  ac?: HuffmanTable | undefined;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly quantization: readonly (Uint16Array | undefined)[];
  readonly restart: number;
  readonly segments: readonly Uint8Array[];
}

/** Reads headers up to the one scan; undefined for kinds of JPEG that are not decoded here (progressive, arithmetic, RGB, several scans). */
function readFrame(bytes: Uint8Array): Frame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables: (HuffmanTable | undefined)[] = [];
  const quantization: (Uint16Array | undefined)[] = [];
  let restart = 0;
  let sides: [width: number, height: number] | undefined;
  const components = new Map<number, Component>();
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at++;
      continue;
    }
    const [length, start] = [view.getUint16(at + 2), at + 4];
    const end = at + 2 + length;
    if (marker < 0xffc0 || end > bytes.length) throw new Error('has a broken header');
    if (marker === 0xffdb) readQuantization(bytes.subarray(start, end), quantization);
    else if (marker === 0xffc4) readHuffman(bytes.subarray(start, end), tables);
    else if (marker === 0xffdd) restart = view.getUint16(start);
    else if (
      marker === 0xffee &&
      length >= 14 &&
      bytes[start + 11] === 0 &&
      bytes[start + 5 + 6] === 0 &&
      Buffer.from(bytes.subarray(start, start + 5)).toString('latin1') === 'Adobe'
    )
      return undefined;
    else if (marker === 0xffc0 || marker === 0xffc1) {
      if (bytes[start] !== 8) return undefined;
      sides = [view.getUint16(start + 3), view.getUint16(start + 1)];
      for (let i = 0, from = start + 6; i < bytes[start + 5]!; i++, from += 3)
        components.set(bytes[from]!, { across: bytes[from + 1]! >> 4, down: bytes[from + 1]! & 15, quantization: bytes[from + 2]! });
    } else if (marker >= 0xffc2 && marker <= 0xffcf) return undefined;
    else if (marker === 0xffda) {
      const known = [...components.values()];
      const plain = known.length === 1 || (known.length === 3 && !components.has(0x52));
      if (sides === undefined || !plain || bytes[start] !== known.length) return undefined;
      for (let i = 0; i < known.length; i++) {
        const component = components.get(bytes[start + 1 + 2 * i]!);
        if (component === undefined) throw new Error('has a broken scan');
        [component.dc, component.ac] = [tables[bytes[start + 2 + 2 * i]! >> 4], tables[16 + (bytes[start + 2 + 2 * i]! & 15)]];
      }
      return { width: sides[0], height: sides[1], components: known, quantization, restart, segments: scanSegments(bytes, end) };
    }
    at = end;
  }
  throw new Error('is truncated');
}

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
    // Tables of AC coefficients have 16 added to their number.
    tables[(part[at]! >> 4) * 16 + (part[at]! & 15)] = huffmanTable(counts, part.subarray(at + 17, at + 17 + total));
    at += 17 + total;
  }
}

/** What each coefficient, in zigzag order, adds to the means of a block's `size` x `size` parts: (64, size, size). */
function shares(size: number): Float64Array {
  const [side, out] = [8 / size, new Float64Array(64 * size * size)];
  const mean = (part: number, frequency: number): number => {
    let sum = 0;
    for (let x = part * side; x < (part + 1) * side; x++) sum += Math.cos(((2 * x + 1) * frequency * Math.PI) / 16);
    return ((frequency === 0 ? Math.SQRT1_2 : 1) * sum) / side / 2;
  };
  zigzag.forEach((position, k) => {
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) out[(k * size + y) * size + x] = mean(y, position >> 3) * mean(x, position & 7);
  });
  return out;
}

/**
 * Decodes baseline JPEG at 1 / `factor` of its size, sides rounded up. Undefined for other kinds of JPEG. Throws an Error for a broken or
 * truncated file.
 */
export function decodeJpegFraction(bytes: Uint8Array, factor: 2 | 4 | 8): GreyImage | undefined {
  const frame = readFrame(bytes);
  const luminance = frame?.components[0];
  if (frame === undefined || luminance === undefined) return undefined;
  const single = frame.components.length === 1;
  const units = frame.components.map(({ across, down }) => (single ? 1 : across * down));
  if (!single && frame.components.some(({ across, down }) => across > luminance.across || down > luminance.down)) return undefined;
  const [across, down] = single ? [1, 1] : [luminance.across, luminance.down];
  if (across * down === 0 || units.some((count) => count < 1 || count > 10)) throw new Error('has broken sampling factors');
  const [unitsWide, unitsHigh] = [Math.ceil(frame.width / (8 * across)), Math.ceil(frame.height / (8 * down))];
  const size = 8 / factor;
  const stride = unitsWide * across * size;
  const plane = new Uint8Array(stride * unitsHigh * down * size);
  const reader = blockReader(frame, size);
  let unit = 0;
  for (let unitRow = 0; unitRow < unitsHigh; unitRow++) {
    for (let unitColumn = 0; unitColumn < unitsWide; unitColumn++, unit++) {
      if (frame.restart > 0 && unit > 0 && unit % frame.restart === 0) reader.restart();
      for (let row = 0; row < down; row++) {
        for (let column = 0; column < across; column++) {
          const means = reader.next(0, true);
          show(means, size, plane, stride, (unitRow * down + row) * size * stride + (unitColumn * across + column) * size);
        }
      }
      for (let component = 1; component < units.length; component++) for (let block = 0; block < units[component]!; block++) reader.next(component, false);
    }
  }
  const [width, height] = [Math.ceil(frame.width / factor), Math.ceil(frame.height / factor)];
  if (width === stride) return { width, height, pixels: plane.subarray(0, width * height) };
  const pixels = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) pixels.set(plane.subarray(row * stride, row * stride + width), row * width);
  return { width, height, pixels };
}

const sharesOf: Record<number, Float64Array> = {};

/** Decodes blocks in turn: the means of their `size` x `size` parts, around 0; of components that are not kept, nothing. */
function blockReader({ components, quantization, segments }: Frame, size: number): { next(component: number, kept: boolean): Float64Array; restart(): void } {
  const parts = size * size;
  const means = new Float64Array(parts);
  const share = (sharesOf[size] ??= shares(size));
  const tables = components.map(({ dc, ac, quantization: number }) => {
    const steps = quantization[number];
    if (dc === undefined || ac === undefined || steps === undefined) throw new Error('lacks a table');
    // What one step of each coefficient adds to each part.
    return { dc, ac, weights: share.map((value, i) => value * steps[Math.floor(i / parts)]!), step: steps[0]! / 8 };
  });
  const predictions = new Int32Array(components.length);
  let segment = 0;
  let data = segments[0]!;
  let at = 0;
  let held = 0;
  let count = 0;

  /** A symbol and the number of bits that follow it (for DC all of it, for AC its low half), by the slow way of codes longer than the quick table's. */
  function long({ limits, offsets, symbols }: HuffmanTable, bits: number): number {
    for (let length = quickBits + 1; length <= 16; length++)
      if (bits <= limits[length]!) return (length << 8) | symbols[(bits >> (16 - length)) + offsets[length]!]!;
    throw new Error('has a broken Huffman code');
  }

  /** The difference of a first coefficient to that of the block before. */
  function difference(table: HuffmanTable): number {
    fill();
    const code = (held >> (count - 16)) & 0xffff;
    const found = table.quick[code >> (16 - quickBits)]! || long(table, code);
    count -= found >> 8;
    const width = found & 255;
    if (width > 11) throw new Error('has a broken coefficient');
    fill();
    count -= width;
    return signed((held >> count) & ((1 << width) - 1), width);
  }

  function fill(): void {
    for (; count < 16; count += 8, at++) held = (held << 8) | (at < data.length ? data[at]! : 0);
  }

  return {
    restart() {
      data = segments[++segment] ?? new Uint8Array(0);
      [at, held, count] = [0, 0, 0];
      predictions.fill(0);
    },
    next(component, kept) {
      const { dc, ac, weights, step } = tables[component]!;
      predictions[component]! += difference(dc);
      // The first coefficient is eight times the mean.
      if (kept) means.fill(predictions[component]! * step);
      const shown = kept && parts > 1;
      // Locals stay in registers; what outlives the block is put back at its end. Beyond the data come zeros, which are counted below.
      const source = data;
      const length = data.length;
      let from = at;
      let bits = held;
      let ready = count;
      for (let k = 1; k < 64; k++) {
        for (; ready < 16; ready += 8, from++) bits = (bits << 8) | (from < length ? source[from]! : 0);
        const code = (bits >> (ready - 16)) & 0xffff;
        const whole = ac.whole[code >> (16 - quickBits)]!;
        let value: number;
        if (whole !== 0) {
          k += (whole >> 4) & 15;
          ready -= whole & 15;
          value = whole >> 8;
        } else {
          const found = ac.quick[code >> (16 - quickBits)]! || long(ac, code);
          ready -= found >> 8;
          const width = found & 15;
          if (width === 0) {
            if ((found & 255) !== 0xf0) break;
            k += 15;
            continue;
          }
          k += (found >> 4) & 15;
          for (; ready < width; ready += 8, from++) bits = (bits << 8) | (from < length ? source[from]! : 0);
          ready -= width;
          value = signed((bits >> ready) & ((1 << width) - 1), width);
        }
        if (k > 63) throw new Error('has a broken block');
        if (shown) for (let part = 0, weight = k * parts; part < parts; part++) means[part]! += value * weights[weight + part]!;
      }
      at = from;
      held = bits;
      count = ready;
      if (from - (ready >> 3) > length) throw new Error('is truncated: its pixels end early');
      return means;
    },
  };
}

/** A number of `size` bits as JPEG writes it: those that begin with 0 are negative. */
const signed = (raw: number, size: number): number => (size > 0 && raw < 1 << (size - 1) ? raw - (1 << size) + 1 : raw);

/** Writes a block's means as pixels. */
function show(means: Float64Array, size: number, plane: Uint8Array, stride: number, origin: number): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = means[y * size + x]! + 128.5;
      plane[origin + y * stride + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
