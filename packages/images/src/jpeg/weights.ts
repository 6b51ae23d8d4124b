// What a JPEG coefficient adds to the means of a block's parts: the inverse cosine transform, averaged.

/** Frequencies of the n-th coefficient: 8 * vertical + horizontal. */
export const zigzag = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22,
  15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Which frequencies of the n-th coefficient are odd: 1 the horizontal one, 2 the vertical one, 3 both. An even one mirrors, an odd one mirrors with its sign changed. */
const parities = zigzag.map((position) => ((position >> 3) & 1) * 2 + (position & 1));

/** The waves of the inverse cosine transform: (frequency, sample). */
export const basis = Float64Array.from({ length: 64 }, (_, i) => (i < 8 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * (i & 7) + 1) * (i >> 3) * Math.PI) / 16));

/** For `half` parts from a block's edge to its middle: the mean of each part of a wave: (8, half). */
function means(half: number): Float64Array {
  const width = 4 / half;
  return Float64Array.from({ length: 8 * half }, (_, i) => {
    const start = Math.floor(i / half) * 8 + (i % half) * width;
    return basis.subarray(start, start + width).reduce((sum, value) => sum + value, 0) / width;
  });
}

const meansOf: readonly (Float64Array | undefined)[] = [undefined, means(1), means(2)];

/** The greatest values of the waves. */
const peaks = Float64Array.from({ length: 8 }, (_, frequency) => Math.max(...basis.subarray(8 * frequency, 8 * frequency + 8)));

/** What a step of each coefficient can do. */
export interface QuarterWeights {
  /** What it adds to the means of the parts in a block's upper left quarter: (64, half, half). */
  readonly weights: Float64Array;
  readonly parities: Uint8Array;
  /** How far it moves a sample at most. */
  readonly reaches: Float64Array;
}

/** The weights of coefficients in zigzag order for `half` by `half` parts of a quarter (0, 1 or 2). */
export function quarterWeights(half: number, steps: Uint16Array): QuarterWeights {
  const [quarter, mean] = [half * half, meansOf[half]!];
  const weights = new Float64Array(64 * quarter);
  const reaches = new Float64Array(64);
  for (let k = 1; k < 64; k++) {
    const [vertical, horizontal] = [zigzag[k]! >> 3, zigzag[k]! & 7];
    reaches[k] = peaks[vertical]! * peaks[horizontal]! * steps[k]!;
    for (let y = 0; y < half; y++)
      for (let x = 0; x < half; x++) weights[k * quarter + y * half + x] = mean[vertical * half + y]! * mean[horizontal * half + x]! * steps[k]!;
  }
  return { weights, parities, reaches };
}
