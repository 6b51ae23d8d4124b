// Resizing with a triangle filter as wide as the reduction asks for, so that fine structure fades instead of aliasing.
import type { GreyImage } from './grey-image.ts';

/** For each of `to` outputs: the first input it looks at, and the weights from there on, `taps` for each. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float64Array;
  readonly taps: number;
}

/** Weights of a triangle of half-width max(1, from / to) around each output's centre, cut off at the edges and made to sum to 1 (as Pillow's BILINEAR). */
function triangle(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  const taps = Math.min(from, Math.ceil(support) * 2 + 1);
  const first = new Int32Array(to);
  const weights = new Float64Array(to * taps);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const start = Math.min(Math.max(Math.ceil(centre - support), 0), from - taps);
    first[i] = start;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) sum += weights[i * taps + tap] = Math.max(0, 1 - Math.abs(start + tap - centre) / support);
    for (let tap = 0; tap < taps; tap++) weights[i * taps + tap]! /= sum;
  }
  return { first, weights, taps };
}

/** Resizes to exact sides. */
export function resizeGrey({ pixels, width: fromWidth, height: fromHeight }: GreyImage, width: number, height: number): GreyImage {
  const [across, down] = [triangle(fromWidth, width), triangle(fromHeight, height)];
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

/** Keeps the aspect: longest side to `size`, centred in a square of zeros. */
export function squareOf(image: GreyImage, size: number): Uint8Array {
  const scale = size / Math.max(image.width, image.height);
  const [width, height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
  const { pixels } = width === image.width && height === image.height ? image : resizeGrey(image, width, height);
  if (width === size && height === size) return pixels;
  const square = new Uint8Array(size * size);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let row = 0; row < height; row++) square.set(pixels.subarray(row * width, (row + 1) * width), (top + row) * size + left);
  return square;
}
