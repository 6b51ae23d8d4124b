// Images reduced by whole factors: each pixel the mean of the square that it stands for.
import type { GreyImage } from './grey-image.ts';

/** Each pixel the rounded mean of `by` x `by` (2, 4 or 8), of fewer at the right and lower edges. */
export function meansOf({ width, height, pixels }: GreyImage, by: number): GreyImage {
  const [wide, high] = [Math.ceil(width / by), Math.ceil(height / by)];
  const words = by >= 4 && width % by === 0 && height % by === 0 && pixels.byteOffset % 4 === 0;
  const out = words ? wordMeans(pixels, width, height, by) : edgedMeans(pixels, width, height, by);
  return { width: wide, height: high, pixels: out, sides: [width / by, height / by] };
}

/** Means of whole squares: four pixels a read, summed in two halves of 16 bits, which hold 32 pairs of bytes and more. */
function wordMeans(pixels: Uint8Array, width: number, height: number, by: number): Uint8Array {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, (width * height) >> 2);
  const [wide, high, across, stride] = [width / by, height / by, by >> 2, width >> 2];
  const [half, shift] = [(by * by) >> 1, 2 * Math.log2(by)];
  const out = new Uint8Array(wide * high);
  for (let row = 0, to = 0; row < high; row++) {
    for (let first = row * by * stride, end = first + stride; first < end; first += across, to++) {
      let sums = 0;
      for (let y = 0, from = first; y < by; y++, from += stride) {
        for (let word = from; word < from + across; word++) sums = (sums + (words[word]! & 0xff00ff) + ((words[word]! >>> 8) & 0xff00ff)) | 0;
      }
      out[to] = ((sums & 0xffff) + (sums >>> 16) + half) >> shift;
    }
  }
  return out;
}

/** Means of any sides. */
function edgedMeans(pixels: Uint8Array, width: number, height: number, by: number): Uint8Array {
  const [wide, high, whole] = [Math.ceil(width / by), Math.ceil(height / by), Math.floor(width / by)];
  const [out, sums] = [new Uint8Array(wide * high), new Uint32Array(wide)];
  for (let row = 0; row < high; row++) {
    const [start, end] = [row * by, Math.min(height, (row + 1) * by)];
    sums.fill(0);
    for (let y = start; y < end; y++) {
      let at = y * width;
      for (let x = 0; x < whole; x++) {
        let sum = 0;
        for (const stop = at + by; at < stop; at += 2) sum += pixels[at]! + pixels[at + 1]!;
        sums[x]! += sum;
      }
      for (; at < (y + 1) * width; at++) sums[whole]! += pixels[at]!;
    }
    for (let x = 0; x < wide; x++) out[row * wide + x] = sums[x]! / ((end - start) * Math.min(by, width - x * by)) + 0.5;
  }
  return out;
}
