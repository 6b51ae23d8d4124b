// Blocks of coefficients as pixels of a plane: at full size, or each pixel the mean of the 2 x 2, 4 x 4 or 8 x 8 that it stands for.
import type { BlockReader } from './block-reader.ts';
import type { QuarterWeights } from './weights.ts';
import { basis, quarterWeights, zigzag } from './weights.ts';

/** A component to write: sides in samples, perhaps with halves, how many pixels a block becomes across (1, 2, 4 or 8), what a step of each coefficient is, and rows of `stride` pixels. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly steps: Uint16Array;
  readonly stride: number;
  readonly pixels: Uint8Array;
}

const cut = (level: number): number => (level < 0 ? 0 : level > 255 ? 255 : level);

/** Sums the parts of a block's upper left quarter by parity into `sums`: (4, quarter). Returns how far from the middle its samples can be. */
function gather(mean: number, { places, values, count }: BlockReader, { weights, parities, reaches }: QuarterWeights, sums: Float64Array): number {
  const quarter = sums.length >> 2;
  for (let i = 0; i < sums.length; i++) sums[i] = 0;
  let reach = Math.abs(mean);
  for (let n = 0; n < count; n++) {
    const k = places[n]!;
    const value = values[n]!;
    reach += Math.abs(value) * reaches[k]!;
    for (let i = 0, to = parities[k]! * quarter, weight = k * quarter; i < quarter; i++) sums[to + i]! += value * weights[weight + i]!;
  }
  return reach;
}

/** All `samples` by the inverse cosine transform, by way of `rows` of frequencies; only frequencies that are there are summed. */
function inverse(mean: number, { places, values, count }: BlockReader, steps: Uint16Array, rows: Float64Array, samples: Float64Array): void {
  rows.fill(0, 8);
  rows.fill(mean * 8 * basis[0]!, 0, 8);
  let present = 1;
  for (let n = 0; n < count; n++) {
    const position = zigzag[places[n]!]!;
    const value = values[n]! * steps[places[n]!]!;
    const from = (position & 7) * 8;
    const to = position & 56;
    present |= 1 << (to >> 3);
    for (let h = 0; h < 8; h++) rows[to + h]! += value * basis[from + h]!;
  }
  // Waves mirror, even ones as they are, odd ones with their sign changed: the upper half tells the lower one.
  for (let h = 0; h < 8; h++) {
    for (let y = 0; y < 4; y++) {
      let even = 128;
      let odd = 0;
      for (let v = 0, rest = present; rest !== 0; v += 2, rest >>= 2) {
        if (rest & 1) even += rows[8 * v + h]! * basis[8 * v + y]!;
        if (rest & 2) odd += rows[8 * v + 8 + h]! * basis[8 * v + 8 + y]!;
      }
      samples[8 * y + h] = even + odd;
      samples[56 - 8 * y + h] = even - odd;
    }
  }
}

/** Writes means from sums over a quarter: (4, quarter). */
function writeMeans(middle: number, sums: Float64Array, { size, stride, pixels }: Plane, origin: number): void {
  const [half, quarter] = [size >> 1, sums.length >> 2];
  for (let i = 0; i < quarter; i++) {
    // One by one: for each block, arrays of them would take as long as the rest.
    const across = i < half ? i : i - half;
    const down = i < half ? 0 : stride;
    const even = middle + sums[i]!;
    const oddAcross = sums[quarter + i]!;
    const oddDown = sums[2 * quarter + i]!;
    const both = sums[3 * quarter + i]!;
    const top = origin + down;
    const bottom = origin + (size - 1) * stride - down;
    const mirrored = size - 1 - across;
    pixels[top + across] = even + oddAcross + oddDown + both;
    pixels[top + mirrored] = even - oddAcross + oddDown - both;
    pixels[bottom + across] = even + oddAcross - oddDown - both;
    pixels[bottom + mirrored] = even - oddAcross - oddDown + both;
  }
}

/**
 * Makes a writer of the block whose first sample is (x, y). Where no sample can be cut off at 0 or 255 and none lies outside the image, means
 * come straight from the coefficients: even and odd frequencies mirror, so that sums over a quarter of the block, one for each parity, tell
 * the other three quarters. Writing a level to a byte cuts off what follows the point.
 */
export function blockWriter(plane: Plane): (first: number, block: BlockReader, x: number, y: number) => void {
  const { width, height, size, steps, stride, pixels } = plane;
  const [factor, shift, half] = [8 / size, Math.log2(8 / size), size === 8 ? 0 : size >> 1];
  const quarter = half * half;
  const tables = quarterWeights(half, steps);
  const sums = new Float64Array(4 * quarter);
  const [samples, rows] = [new Float64Array(64), new Float64Array(64)];

  /** Means of the samples inside the image, each cut off first. */
  function writeExactly(x: number, y: number): void {
    const right = Math.min(8, Math.ceil(width) - x);
    const bottom = Math.min(8, Math.ceil(height) - y);
    for (let top = 0; top < bottom; top += factor) {
      for (let left = 0, to = ((y + top) >> shift) * stride + (x >> shift); left < right; left += factor, to++) {
        const endX = Math.min(left + factor, right);
        const endY = Math.min(top + factor, bottom);
        let sum = 0;
        for (let v = top; v < endY; v++) for (let h = left; h < endX; h++) sum += cut(samples[8 * v + h]!);
        pixels[to] = sum / ((endX - left) * (endY - top)) + 0.5;
      }
    }
  }

  return (first, block, x, y) => {
    // The first coefficient is eight times the mean.
    const mean = (first * steps[0]!) / 8;
    const origin = (y >> shift) * stride + (x >> shift);
    if (block.count === 0) {
      const level = cut(mean + 128.5);
      for (let i = 0; i < size * size; i++) pixels[origin + (i >> (3 - shift)) * stride + (i & (size - 1))] = level;
      return;
    }
    const reach = size === 8 || x + 8 > width || y + 8 > height ? 127 : gather(mean, block, tables, sums);
    if (reach < 127 && size === 1) {
      pixels[origin] = mean + 128.5;
      return;
    }
    if (reach < 127) return writeMeans(mean + 128.5, sums, plane, origin);
    inverse(mean, block, steps, rows, samples);
    if (size < 8) return writeExactly(x, y);
    for (let i = 0; i < 64; i++) pixels[origin + (i >> 3) * stride + (i & 7)] = cut(samples[i]! + 0.5);
  };
}
