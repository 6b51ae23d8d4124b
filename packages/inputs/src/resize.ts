// Resizing with a triangle filter as wide as the reduction asks for, so that fine structure fades instead of aliasing.
import type { GreyImage } from './grey-image.ts';
import { meansOf } from './means.ts';
import { turned } from './orientation.ts';

/** For each of `to` outputs: the first input it looks at, and the weights from there on, `taps` for each. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float64Array;
  readonly taps: number;
}

/** Weights of a triangle of half-width max(1, side / to) around each output's centre, cut off at the edges and made to sum to 1 (as Pillow's BILINEAR). A last input that reaches beyond `side` counts by what lies before it. */
function triangle(from: number, to: number, side: number): Taps {
  const scale = side / to;
  const support = Math.max(1, scale);
  const taps = Math.min(from, Math.ceil(support) * 2 + 1);
  const first = new Int32Array(to);
  const weights = new Float64Array(to * taps);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const start = Math.min(Math.max(Math.ceil(centre - support), 0), from - taps);
    first[i] = start;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++)
      sum += weights[i * taps + tap] = Math.max(0, 1 - Math.abs(start + tap - centre) / support) * Math.min(1, side - start - tap);
    for (let tap = 0; tap < taps; tap++) weights[i * taps + tap]! /= sum;
  }
  return { first, weights, taps };
}

/** Resizes to exact sides. */
export function resizeGrey({ pixels, width: fromWidth, height: fromHeight, sides }: GreyImage, width: number, height: number): GreyImage {
  const [across, down] = [triangle(fromWidth, width, sides?.[0] ?? fromWidth), triangle(fromHeight, height, sides?.[1] ?? fromHeight)];
  const out = new Uint8Array(width * height);
  // Rows resized across are kept only as long as an output row needs them.
  const resizedRows = new Float64Array(down.taps * width);
  const row = new Float64Array(width);
  let done = 0;
  for (let y = 0; y < height; y++) {
    const start = down.first[y]!;
    for (; done < Math.min(start + down.taps, fromHeight); done++) {
      if (done >= start) resizeRow(pixels, done * fromWidth, across, resizedRows, (done % down.taps) * width, width);
    }
    row.fill(0.5);
    for (let tap = 0; tap < down.taps; tap++) {
      const weight = down.weights[y * down.taps + tap]!;
      if (weight === 0) continue;
      const from = ((start + tap) % down.taps) * width;
      for (let x = 0; x < width; x++) row[x]! += weight * resizedRows[from + x]!;
    }
    for (let x = 0; x < width; x++) out[y * width + x] = row[x]!;
  }
  return { width, height, pixels: out };
}

function resizeRow(pixels: Uint8Array, from: number, { first, weights, taps }: Taps, out: Float64Array, to: number, width: number): void {
  for (let x = 0, weight = 0; x < width; x++, weight += taps) {
    const start = from + first[x]!;
    // Two sums at once, which do not wait for each other.
    let even = 0;
    let odd = 0;
    let tap = 0;
    for (; tap + 1 < taps; tap += 2) {
      even += weights[weight + tap]! * pixels[start + tap]!;
      odd += weights[weight + tap + 1]! * pixels[start + tap + 1]!;
    }
    if (tap < taps) even += weights[weight + tap]! * pixels[start + tap]!;
    out[to + x] = even + odd;
  }
}

/** By how much an image is reduced by means before it is resized to a longest side of `size`: by the greatest of 8, 4 and 2 that leaves as much. */
export const reductionOf = (longest: number, size: number): 1 | 2 | 4 | 8 => ([8, 4, 2] as const).find((by) => longest >= by * size) ?? 1;

/** Turned as its orientation says, in its aspect: longest side to `size`, centred in a square of zeros. An image of twice that or more is reduced by means first, as a decoder may have done. */
export function squareOf(original: GreyImage, size: number): Uint8Array {
  const by = original.sides ? 1 : reductionOf(Math.max(original.width, original.height), size);
  const image = by === 1 ? original : meansOf(original, by);
  const sides = image.sides ?? [image.width, image.height];
  const [wide, high] = sides.map((side) => Math.max(1, Math.round((side * size) / Math.max(...sides)))) as [number, number];
  const resized = wide === sides[0] && high === sides[1] ? image : resizeGrey(image, wide, high);
  const { width, height, pixels } = turned({ ...resized, orientation: original.orientation ?? 1 });
  if (width === size && height === size) return pixels;
  const square = new Uint8Array(size * size);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let row = 0; row < height; row++) square.set(pixels.subarray(row * width, (row + 1) * width), (top + row) * size + left);
  return square;
}
