// JPEG at a half, a quarter or an eighth of its size: the luminance alone, each pixel the mean of those it stands for, straight from the coefficients.
import type { GreyImage } from '../grey-image.ts';
import { Scratch } from '../scratch.ts';
import type { JpegFrame } from './header.ts';
import { readJpegFrame } from './header.ts';
import { blockEnd, longCode, quickBits, signed, windowAt } from './huffman.ts';
import type { EntropyCoded } from './scan.ts';
import { entropyCoded } from './scan.ts';
import { quarterWeights } from './weights.ts';

// A position in bits must stay a small integer.
const maxBytes = 2 ** 27;

/**
 * Decodes a JPEG of these sides at the smallest size whose longest side is still `atLeast`, where that is a half or less; undefined
 * where it is not, or for kinds of JPEG that are not decoded here. Throws an Error for a broken file.
 */
export function jpegFraction(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
  atLeast: number,
  scratch?: Scratch,
): GreyImage | undefined {
  const factor = ([8, 4, 2] as const).find((by) => Math.max(width, height) >= by * atLeast);
  return factor && decodeJpegFraction(bytes, factor, scratch);
}

/**
 * Decodes baseline JPEG at 1 / `factor` of its size, sides rounded up; the pixels lie in `scratch`. Undefined for other kinds of JPEG.
 * Throws an Error for a broken or truncated file.
 */
function decodeJpegFraction(bytes: Uint8Array, factor: 2 | 4 | 8, scratch = new Scratch()): GreyImage | undefined {
  const frame = bytes.length < maxBytes ? readJpegFrame(bytes) : undefined;
  const luminance = frame?.components[0];
  if (frame === undefined || luminance === undefined) return undefined;
  const single = frame.components.length === 1;
  if (!single && frame.components.some(({ across, down }) => across > luminance.across || down > luminance.down)) return undefined;
  if (!single && frame.components.some(({ across, down }) => across * down < 1 || across * down > 10)) throw new Error('has broken sampling factors');
  const [across, down] = single ? [1, 1] : [luminance.across, luminance.down];
  const [unitsWide, unitsHigh] = [Math.ceil(frame.width / (8 * across)), Math.ceil(frame.height / (8 * down))];
  const size = 8 / factor;
  const stride = unitsWide * across * size;
  const plane = scratch.take('plane', stride * unitsHigh * down * size);
  decodeUnits(frame, entropyCoded(bytes, frame.scan, scratch), { unitsWide, unitsHigh, across, down, size }, plane);
  const [width, height] = [Math.ceil(frame.width / factor), Math.ceil(frame.height / factor)];
  // Rows move to the front, where nothing is read any more.
  if (width < stride) for (let row = 1; row < height; row++) plane.copyWithin(row * width, row * stride, row * stride + width);
  return { width, height, pixels: plane.subarray(0, width * height) };
}

/** How many units there are, how many blocks of luminance a unit holds, and how many pixels across a block becomes. */
interface Layout {
  readonly unitsWide: number;
  readonly unitsHigh: number;
  readonly across: number;
  readonly down: number;
  readonly size: number;
}

/** The blocks of a unit in turn: their components, and where the first unit's lie in the plane. */
function blocksOf(
  { components }: JpegFrame,
  { across, down, size }: Layout,
  stride: number,
): { readonly components: Uint8Array; readonly origins: Int32Array } {
  const blocks = components.flatMap((component, index) => {
    const [wide, high] = index === 0 ? [across, down] : [component.across, component.down];
    return Array.from({ length: wide * high }, (_, i) => ({ index, origin: (Math.floor(i / wide) * stride + (i % wide)) * size }));
  });
  return { components: Uint8Array.from(blocks, ({ index }) => index), origins: Int32Array.from(blocks, ({ origin }) => origin) };
}

/**
 * Decodes all blocks, those of luminance as `size` x `size` means. Even and odd frequencies mirror: sums over a quarter of the block, one
 * for each parity, tell the other three quarters.
 */
function decodeUnits(frame: JpegFrame, { view, starts }: EntropyCoded, layout: Layout, plane: Uint8Array): void {
  const { unitsWide, unitsHigh, across, down, size } = layout;
  const stride = unitsWide * across * size;
  const half = size >> 1;
  const quarter = half * half;
  const tables = frame.components.map(({ dc, ac, quantization }) => {
    if (dc === undefined || ac === undefined || frame.quantization[quantization] === undefined) throw new Error('lacks a table');
    return { dc, ac };
  });
  const steps = frame.quantization[frame.components[0]!.quantization]!;
  const { weights, parities } = quarterWeights(half, steps);
  // The first coefficient is eight times the mean.
  const step = steps[0]! / 8;
  const sums = new Float64Array(4 * quarter);
  const { components, origins } = blocksOf(frame, layout, stride);
  const predictions = new Int32Array(tables.length);
  let [bit, part, end] = [0, 0, starts[1]! * 8];
  for (let unit = 0; unit < unitsWide * unitsHigh; unit++) {
    if (frame.restart > 0 && unit > 0 && unit % frame.restart === 0) {
      part++;
      [bit, end] = [(starts[part] ?? starts.at(-1)!) * 8, (starts[part + 1] ?? starts.at(-1)!) * 8];
      predictions.fill(0);
    }
    const corner = (Math.floor(unit / unitsWide) * down * stride + (unit % unitsWide) * across) * size;
    for (let block = 0; block < components.length; block++) {
      const component = components[block]!;
      const { dc, ac } = tables[component]!;
      const shown = component === 0 ? quarter : 0;
      let window = windowAt(view, bit);
      let entry = dc.quick[window >>> (32 - quickBits)]! || longCode(dc, view, bit);
      let open = (entry >> 12) & 15;
      let value = open === 0 ? entry >> 16 : signed((window << ((entry & 31) - open)) >>> (32 - open), open);
      bit += entry & 31;
      predictions[component]! += value;
      const quick = ac.quick;
      for (let i = 0; i < sums.length; i++) sums[i] = 0;
      for (let k = 0; k < 63;) {
        // As windowAt, which is not inlined in so long a function; this is where the time goes.
        window = view.getInt32(bit >> 3) << (bit & 7);
        entry = quick[window >>> (32 - quickBits)]! || longCode(ac, view, bit);
        open = (entry >> 12) & 15;
        value = open === 0 ? entry >> 16 : signed((window << ((entry & 31) - open)) >>> (32 - open), open);
        bit += entry & 31;
        k += (entry >> 5) & 127;
        if (k > 63) {
          if (value !== 0 && k < blockEnd) throw new Error('has a broken block');
          break;
        }
        for (let i = 0, to = parities[k]! * quarter, weight = k * quarter; i < shown; i++) sums[to + i]! += value * weights[weight + i]!;
      }
      // Beyond the data come zeros.
      if (bit > end) throw new Error('is truncated: its pixels end early');
      if (component === 0) show(predictions[0]! * step, sums, half, plane, stride, corner + origins[block]!);
    }
  }
}

/** Writes a block as pixels: a quarter of its parts, and what mirrors them. */
function show(mean: number, sums: Float64Array, half: number, plane: Uint8Array, stride: number, origin: number): void {
  if (half === 0) plane[origin] = clamped(mean);
  const quarter = half * half;
  const last = 2 * half - 1;
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const i = y * half + x;
      // One by one: for each block, an array of them would take as long as the rest.
      const even = mean + sums[i]!;
      const across = sums[quarter + i]!;
      const down = sums[2 * quarter + i]!;
      const both = sums[3 * quarter + i]!;
      const top = origin + y * stride;
      const bottom = origin + (last - y) * stride;
      plane[top + x] = clamped(even + across + down + both);
      plane[top + last - x] = clamped(even - across + down - both);
      plane[bottom + x] = clamped(even + across - down - both);
      plane[bottom + last - x] = clamped(even - across - down + both);
    }
  }
}

/** A value around 0 as a grey level; writing it to a byte cuts off what follows the point. */
function clamped(value: number): number {
  const level = value + 128.5;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
