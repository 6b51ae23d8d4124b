// From the square to normalized floats: the crop the encoder sees.

/** Where a crop of `crop` pixels begins in a square of `size`. */
export interface CropOffset {
  readonly top: number;
  readonly left: number;
}

/** The centre crop. */
export const centreCrop = (size: number, crop: number): CropOffset => ({ top: Math.floor((size - crop) / 2), left: Math.floor((size - crop) / 2) });

// Each grey level as a float: (x / 255 - 0.5) / 0.5.
const levels = Float32Array.from({ length: 256 }, (_, level) => level / 127.5 - 1);

/** Writes a crop as floats in [-1, 1] ((x / 255 - 0.5) / 0.5), once per channel, into `out` at `start`: (C, crop, crop). No flip: reports say left and right. */
export function writeCrop(square: Uint8Array, size: number, crop: number, { top, left }: CropOffset, channels: number, out: Float32Array, start: number): void {
  const plane = crop * crop;
  for (let row = 0; row < crop; row++) {
    const from = (top + row) * size + left;
    const to = start + row * crop;
    for (let column = 0; column < crop; column++) out[to + column] = levels[square[from + column]!]!;
  }
  for (let channel = 1; channel < channels; channel++) out.copyWithin(start + channel * plane, start, start + plane);
}
