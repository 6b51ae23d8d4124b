// Convolution and its adjoints on the host, sums in float64.
import type { Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import type { ConvolutionProblem } from './index.ts';

/** Visits every product the convolution sums. */
export function reference({ of, x, weight, y, stride, padding }: ConvolutionProblem, a: Numbers, w: Numbers): Numbers[] {
  const [B, C, H, W] = x;
  const [O, , kh, kw] = weight;
  const [, , oh, ow] = y;
  const sums = new Float64Array(product({ output: y, input: x, weight }[of]));
  for (let b = 0; b < B; b++)
    for (let o = 0; o < O; o++)
      for (let c = 0; c < C; c++)
        for (let r = 0; r < oh; r++)
          for (let s = 0; s < ow; s++)
            for (let p = 0; p < kh; p++)
              for (let q = 0; q < kw; q++) {
                const [row, column] = [r * stride[0] + p - padding[0], s * stride[1] + q - padding[1]];
                if (row < 0 || row >= H || column < 0 || column >= W) continue;
                const [ix, iw, iy] = [((b * C + c) * H + row) * W + column, ((o * C + c) * kh + p) * kw + q, ((b * O + o) * oh + r) * ow + s];
                if (of === 'output') sums[iy]! += a[ix]! * w[iw]!;
                else if (of === 'input') sums[ix]! += a[iy]! * w[iw]!;
                else sums[iw]! += a[ix]! * w[iy]!;
              }
  return [Float32Array.from(sums)];
}
