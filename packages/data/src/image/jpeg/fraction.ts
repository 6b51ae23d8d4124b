// JPEG at a half, a quarter or an eighth of its size: the luminance alone, each pixel the mean of those it stands for, straight from the coefficients.
import type { GreyImage } from '../grey.ts';
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
  const blocks = frame.components.map(({ across, down }) => (single ? 1 : across * down));
  if (!single && frame.components.some(({ across, down }) => across > luminance.across || down > luminance.down)) return undefined;
  const [across, down] = single ? [1, 1] : [luminance.across, luminance.down];
  if (blocks.some((count) => count < 1 || count > 10)) throw new Error('has broken sampling factors');
  const [unitsWide, unitsHigh] = [Math.ceil(frame.width / (8 * across)), Math.ceil(frame.height / (8 * down))];
  const size = 8 / factor;
  const stride = unitsWide * across * size;
  const plane = scratch.take('plane', stride * unitsHigh * down * size);
  const reader = blockReader(frame, entropyCoded(bytes, frame.scan, scratch), size);
  let unit = 0;
  for (let unitRow = 0; unitRow < unitsHigh; unitRow++) {
    for (let unitColumn = 0; unitColumn < unitsWide; unitColumn++, unit++) {
      if (frame.restart > 0 && unit > 0 && unit % frame.restart === 0) reader.restart();
      for (let row = 0; row < down; row++)
        for (let column = 0; column < across; column++) {
          reader.next(0);
          reader.show(plane, stride, (unitRow * down + row) * size * stride + (unitColumn * across + column) * size);
        }
      for (let component = 1; component < blocks.length; component++) for (let block = 0; block < blocks[component]!; block++) reader.next(component);
    }
  }
  const [width, height] = [Math.ceil(frame.width / factor), Math.ceil(frame.height / factor)];
  // Rows move to the front, where nothing is read any more.
  if (width < stride) for (let row = 1; row < height; row++) plane.copyWithin(row * width, row * stride, row * stride + width);
  return { width, height, pixels: plane.subarray(0, width * height) };
}

interface BlockReader {
  /** Reads the next block; what it shows is kept of the first component. */
  next(component: number): void;
  /** Writes the block that was read as `size` x `size` pixels. */
  show(plane: Uint8Array, stride: number, origin: number): void;
  restart(): void;
}

/** Reads blocks in turn. Even and odd frequencies mirror: sums over a quarter of the block, one for each parity, tell the other three. */
function blockReader({ components, quantization }: JpegFrame, { view, starts }: EntropyCoded, size: number): BlockReader {
  const half = size >> 1;
  const quarter = half * half;
  const tables = components.map(({ dc, ac, quantization: number }) => {
    const steps = quantization[number];
    if (dc === undefined || ac === undefined || steps === undefined) throw new Error('lacks a table');
    // The first coefficient is eight times the mean.
    return { dc, ac, step: steps[0]! / 8 };
  });
  const { weights, parities } = quarterWeights(half, quantization[components[0]!.quantization]!);
  const sums = new Float64Array(4 * quarter);
  const predictions = new Int32Array(components.length);
  let part = 0;
  let at = 0;
  let end = starts[1]! * 8;
  let mean = 0;

  return {
    restart() {
      part++;
      [at, end] = [(starts[part] ?? starts.at(-1)!) * 8, (starts[part + 1] ?? starts.at(-1)!) * 8];
      predictions.fill(0);
    },
    next(component) {
      const { dc, ac, step } = tables[component]!;
      const shown = component === 0 ? quarter : 0;
      // Locals stay in registers. Beyond the data come zeros.
      let bit = at;
      let window = windowAt(view, bit);
      const first = dc.quick[window >>> (32 - quickBits)]! || longCode(dc, view, bit);
      const width = (first >> 12) & 15;
      predictions[component]! += width === 0 ? first >> 16 : signed((window << ((first & 31) - width)) >>> (32 - width), width);
      bit += first & 31;
      if (component === 0) {
        mean = predictions[0]! * step;
        sums.fill(0);
      }
      const quick = ac.quick;
      for (let k = 0; k < 63;) {
        window = windowAt(view, bit);
        const found = quick[window >>> (32 - quickBits)]! || longCode(ac, view, bit);
        const open = (found >> 12) & 15;
        const value = open === 0 ? found >> 16 : signed((window << ((found & 31) - open)) >>> (32 - open), open);
        bit += found & 31;
        k += (found >> 5) & 127;
        if (k > 63) {
          if (value !== 0 && k < blockEnd) throw new Error('has a broken block');
          break;
        }
        for (let i = 0, to = parities[k]! * quarter, weight = k * quarter; i < shown; i++) sums[to + i]! += value * weights[weight + i]!;
      }
      at = bit;
      if (bit > end) throw new Error('is truncated: its pixels end early');
    },
    show(plane, stride, origin) {
      if (half === 0) plane[origin] = clamped(mean);
      for (let y = 0; y < half; y++) {
        for (let x = 0; x < half; x++) {
          const i = y * half + x;
          const [across, down, both] = [sums[quarter + i]!, sums[2 * quarter + i]!, sums[3 * quarter + i]!];
          const even = mean + sums[i]!;
          const [top, bottom] = [origin + y * stride, origin + (size - 1 - y) * stride];
          plane[top + x] = clamped(even + across + down + both);
          plane[top + size - 1 - x] = clamped(even - across + down - both);
          plane[bottom + x] = clamped(even + across - down - both);
          plane[bottom + size - 1 - x] = clamped(even - across - down + both);
        }
      }
    },
  };
}

/** A value around 0 as a grey level; writing it to a byte cuts off what follows the point. */
function clamped(value: number): number {
  const level = value + 128.5;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
