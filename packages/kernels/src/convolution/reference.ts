// Convolution and its adjoints on the host, sums in float64.
import type { Numbers } from '../kernel.ts';
import { sizeOf } from '../kernel.ts';
import { finished } from '../matmul/reference.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Positions of the output along one axis at which a kernel's element meets the image: from, up to. */
function meeting(element: number, size: number, positions: number, stride: number, padding: number): readonly [number, number] {
  const from = Math.max(0, Math.ceil((padding - element) / stride));
  return [from, Math.min(positions, Math.floor((size - 1 + padding - element) / stride) + 1)];
}

/** Visits every product the convolution sums, the output's positions innermost. */
export function reference(
  { of, x, weight, y, stride, padding, groups = 1, epilogue }: ConvolutionProblem,
  [a, w, ...extra]: readonly [Numbers, Numbers, ...Numbers[]],
): Numbers[] {
  const [B, C, H, W] = x;
  const [O, E, kh, kw] = weight;
  const [, , oh, ow] = y;
  const sums = new Float64Array(sizeOf({ output: y, input: x, weight }[of]));
  for (let b = 0; b < B; b++)
    for (let o = 0; o < O; o++)
      for (let e = 0; e < E; e++)
        for (let p = 0; p < kh; p++)
          for (let q = 0; q < kw; q++) {
            const at = ((o * E + e) * kh + p) * kw + q;
            const c = Math.floor(o / (O / groups)) * E + e;
            const [top, bottom] = meeting(p, H, oh, stride[0], padding[0]);
            const [left, right] = meeting(q, W, ow, stride[1], padding[1]);
            let sum = 0;
            for (let r = top; r < bottom; r++) {
              let inX = ((b * C + c) * H + r * stride[0] + p - padding[0]) * W + left * stride[1] + q - padding[1];
              let inY = ((b * O + o) * oh + r) * ow + left;
              for (let s = left; s < right; s++) {
                if (of === 'output') sums[inY]! += a[inX]! * w[at]!;
                else if (of === 'input') sums[inX]! += a[inY]! * w[at]!;
                else sum += a[inX]! * w[inY]!;
                inX += stride[1];
                inY++;
              }
            }
            if (of === 'weight') sums[at]! += sum;
          }
  return [finished(Float32Array.from(sums), epilogue, extra)];
}
