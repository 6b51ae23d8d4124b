// What a JPEG coefficient adds to the means of a block's parts: the inverse cosine transform, averaged.

/** Frequencies of the n-th coefficient: 8 * vertical + horizontal. */
const zigzag = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22,
  15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Which frequencies of the n-th coefficient are odd: 1 the horizontal one, 2 the vertical one, 3 both. An even one mirrors, an odd one mirrors with its sign changed. */
const parities = zigzag.map((position) => ((position >> 3) & 1) * 2 + (position & 1));

/** For `half` parts from a block's edge to its middle: the mean of each part of a wave, and of each frequency: (8, half). */
function means(half: number): Float64Array {
  const width = 4 / half;
  return Float64Array.from({ length: 8 * half }, (_, i) => {
    const [frequency, part] = [Math.floor(i / half), i % half];
    let sum = 0;
    for (let x = part * width; x < (part + 1) * width; x++) sum += Math.cos(((2 * x + 1) * frequency * Math.PI) / 16);
    return ((frequency === 0 ? Math.SQRT1_2 : 1) * sum) / width / 2;
  });
}

const meansOf: readonly (Float64Array | undefined)[] = [undefined, means(1), means(2)];

/**
 * What one step of each coefficient, in zigzag order, adds to the means of the parts in a block's upper left quarter, `half` by `half` of
 * them (0, 1 or 2): (64, half, half); and each coefficient's parities.
 */
export function quarterWeights(half: number, steps: Uint16Array): { readonly weights: Float64Array; readonly parities: Uint8Array } {
  const [quarter, mean] = [half * half, meansOf[half]!];
  const weights = new Float64Array(64 * quarter);
  for (let k = 1; k < 64; k++) {
    const [vertical, horizontal] = [(zigzag[k]! >> 3) * half, (zigzag[k]! & 7) * half];
    for (let y = 0; y < half; y++) for (let x = 0; x < half; x++) weights[k * quarter + y * half + x] = mean[vertical + y]! * mean[horizontal + x]! * steps[k]!;
  }
  return { weights, parities };
}
