// Luminance of a JPEG's three components.
import type { Plane } from './block-writer.ts';

/** For each of `to` pixels: the two samples beside its middle, and the second one's weight [halves as libjpeg's smooth upsampling: three parts and one]. */
function neighbours(to: number, samples: number): { first: Int32Array; next: Int32Array; weight: Float64Array } {
  const last = Math.ceil(samples) - 1;
  const middles = Float64Array.from({ length: to }, (_, i) => Math.min(last, Math.max(0, ((i + 0.5) * samples) / to - 0.5)));
  const first = Int32Array.from(middles, Math.floor);
  return { first, next: first.map((i) => Math.min(last, i + 1)), weight: middles.map((middle, i) => middle - first[i]!) };
}

/** Makes a reader of a plane's rows at the image's size. */
function rowsOf({ width: samples, height: lines, stride, pixels }: Plane, width: number, height: number): (y: number) => Float64Array {
  const [across, down, row] = [neighbours(width, samples), neighbours(height, lines), new Float64Array(width)];
  return (y) => {
    if (samples === width && lines === height) for (let x = 0, at = y * stride; x < width; x++, at++) row[x] = pixels[at]!;
    if (samples === width && lines === height) return row;
    const [top, bottom, share] = [down.first[y]! * stride, down.next[y]! * stride, down.weight[y]!];
    for (let x = 0; x < width; x++) {
      const left = across.first[x]!;
      const right = across.next[x]!;
      const part = across.weight[x]!;
      const upper = pixels[top + left]! * (1 - part) + pixels[top + right]! * part;
      row[x] = share === 0 ? upper : upper * (1 - share) + (pixels[bottom + left]! * (1 - part) + pixels[bottom + right]! * part) * share;
    }
    return row;
  };
}

const cut = (level: number): number => (level < 0 ? 0 : level > 255 ? 255 : Math.round(level));

/** The luminance of three planes: of red, green and blue, or of luminance and colour differences as the colours that can be shown [JFIF 1.02; ITU-R BT.601]. */
export function luminanceOfPlanes(planes: readonly Plane[], width: number, height: number, rgb: boolean): Uint8Array {
  const readers = planes.map((plane) => rowsOf(plane, width, height));
  // In place: a row is read before it is written, and rows further down are no shorter.
  const out = planes[0]!.pixels;
  for (let y = 0, to = 0; y < height; y++) {
    const [a, b, c] = readers.map((read) => read(y)) as [Float64Array, Float64Array, Float64Array];
    for (let x = 0; x < width; x++, to++) {
      const first = a[x]!;
      const blue = b[x]! - 128;
      const red = c[x]! - 128;
      if (rgb) {
        out[to] = 0.299 * first + 0.587 * b[x]! + 0.114 * c[x]! + 0.5;
        continue;
      }
      const r = first + 1.402 * red;
      const g = first - 0.344136 * blue - 0.714136 * red;
      const u = first + 1.772 * blue;
      // Where nothing is cut off, luminance is what it was.
      const inside = Math.min(r, g, u) >= 0 && Math.max(r, g, u) <= 255;
      out[to] = (inside ? first : 0.299 * cut(r) + 0.587 * cut(g) + 0.114 * cut(u)) + 0.5;
    }
  }
  return out.subarray(0, width * height);
}
