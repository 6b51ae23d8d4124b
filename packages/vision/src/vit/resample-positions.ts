// Position embeddings of a grid of patches resampled to another grid, bicubically, as the library a checkpoint comes from does it.

/** How a library resamples: `torch` as torch's bicubic interpolation, `antialias` with its antialiasing filter, `corners` with aligned corners. */
export type Resampling = 'torch' | 'antialias' | 'corners';

/** The cubic convolution kernel [Keys 1981] of parameter `a`. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

/** Weights (to, from) of one axis. Torch takes a = -0.75 and repeats the border; with antialiasing a = -0.5, and the window ends at the border. */
function axisWeights(from: number, to: number, how: Resampling): Float64Array[] {
  return Array.from({ length: to }, (_, i) => {
    const row = new Float64Array(from);
    const scale = how === 'corners' ? (to > 1 ? (from - 1) / (to - 1) : 0) : from / to;
    const centre = how === 'corners' ? i * scale : (i + 0.5) * scale - 0.5;
    if (how === 'antialias') {
      const stretch = Math.max(1, scale);
      let sum = 0;
      for (let j = 0; j < from; j++) sum += row[j] = cubic((j - centre) / stretch, -0.5);
      return row.map((weight) => weight / sum);
    }
    const first = Math.floor(centre) - 1;
    for (let j = first; j < first + 4; j++) row[Math.min(from - 1, Math.max(0, j))]! += cubic(j - centre, -0.75);
    return row;
  });
}

/** A grid (from x from, width) resampled to (to x to, width), row-major. */
export function resamplePositions(grid: Float32Array, { from, to, width, how }: { from: number; to: number; width: number; how: Resampling }): Float32Array {
  const weights = axisWeights(from, to, how);
  // Rows first, then columns: (from, from, width) -> (to, from, width) -> (to, to, width).
  const rows = new Float64Array(to * from * width);
  const line = from * width;
  for (let i = 0; i < to; i++)
    for (let j = 0; j < from; j++) {
      const weight = weights[i]![j]!;
      if (weight !== 0) for (let k = 0; k < line; k++) rows[i * line + k]! += weight * grid[j * line + k]!;
    }
  const out = new Float64Array(to * to * width);
  for (let i = 0; i < to; i++)
    for (let j = 0; j < to; j++)
      for (let k = 0; k < from; k++) {
        const weight = weights[j]![k]!;
        if (weight !== 0) for (let c = 0; c < width; c++) out[(i * to + j) * width + c]! += weight * rows[(i * from + k) * width + c]!;
      }
  return Float32Array.from(out);
}
