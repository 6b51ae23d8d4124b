// Colours as grey.

/**
 * Red, green and blue, pixel by pixel (or one plane after another), as luminance [ITU-R BT.601, as Pillow's mode L]: (pixels). Samples
 * beyond the third are passed over.
 */
export function luminanceOf<T extends Uint8Array | Uint16Array>(values: T, samples: number, planar = false): T {
  const count = Math.floor(values.length / samples);
  const out = (values instanceof Uint8Array ? new Uint8Array(count) : new Uint16Array(count)) as T;
  const [step, plane] = planar ? [1, count] : [samples, 1];
  for (let i = 0, at = 0; i < count; i++, at += step) out[i] = 0.299 * values[at]! + 0.587 * values[at + plane]! + 0.114 * values[at + 2 * plane]! + 0.5;
  return out;
}
