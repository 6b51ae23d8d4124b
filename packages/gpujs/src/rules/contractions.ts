// Rules of matrix products and convolutions on arrays, with sums in float64.
import { sizeOf } from '@hybridmed/tensor';
import type { Rule } from './rule.ts';
import { broadcastStrides, offsets } from './strides.ts';

const matmul: Rule<'matmul'> = ([a, b], { transposeA, transposeB }, [shape], run) => {
  const [m, n] = shape!.slice(-2) as [number, number];
  const k = a!.shape.at(transposeA ? -2 : -1)!;
  const lead = shape!.slice(0, -2);
  const out = run.floats(sizeOf(shape!));
  const at = (x: readonly number[]) =>
    offsets(
      lead,
      broadcastStrides(x.slice(0, -2), lead).map((stride) => stride * sizeOf(x.slice(-2))),
    );
  const [startsA, startsB] = [at(a!.shape), at(b!.shape)];
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const row = new Float64Array(n);
  for (let batch = 0; batch < sizeOf(lead); batch++) {
    for (let i = 0; i < m; i++) {
      row.fill(0);
      for (let p = 0; p < k; p++) {
        const x = a!.data[startsA[batch]! + i * rowA + p * columnA]!;
        if (x === 0) continue;
        const start = startsB[batch]! + (transposeB ? p : p * n);
        const step = transposeB ? k : 1;
        for (let j = 0; j < n; j++) row[j]! += x * b!.data[start + j * step]!;
      }
      out.set(row, (batch * m + i) * n);
    }
  }
  return [{ data: out, shape: shape! }];
};

interface Geometry {
  stride: readonly [number, number];
  padding: readonly [top: number, left: number, bottom: number, right: number];
  groups: number;
}

/** Calls `visit` with the flat indices of x, weight and y for every product a convolution sums. */
function walk(
  x: readonly number[],
  weight: readonly number[],
  y: readonly number[],
  { stride, padding, groups }: Geometry,
  visit: (ix: number, iw: number, iy: number) => void,
): void {
  const [batch, inputs, height, width] = x as [number, number, number, number];
  const [outputs, each, kh, kw] = weight as [number, number, number, number];
  const [oh, ow] = y.slice(2) as [number, number];
  const outputsOfGroup = outputs / groups;
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++)
      for (let c = 0; c < each; c++)
        for (let r = 0; r < oh; r++)
          for (let s = 0; s < ow; s++)
            for (let i = 0; i < kh; i++) {
              const row = r * stride[0] + i - padding[0];
              if (row < 0 || row >= height) continue;
              for (let j = 0; j < kw; j++) {
                const column = s * stride[1] + j - padding[1];
                if (column < 0 || column >= width) continue;
                const channel = b * inputs + Math.floor(o / outputsOfGroup) * each + c;
                visit((channel * height + row) * width + column, ((o * each + c) * kh + i) * kw + j, ((b * outputs + o) * oh + r) * ow + s);
              }
            }
}

const conv2d: Rule<'conv2d'> = ([x, weight], attributes, [shape], run) => {
  const total = new Float64Array(sizeOf(shape!));
  walk(x!.shape, weight!.shape, shape!, attributes, (ix, iw, iy) => (total[iy]! += x!.data[ix]! * weight!.data[iw]!));
  const out = run.floats(total.length);
  out.set(total);
  return [{ data: out, shape: shape! }];
};

const conv2dGradInput: Rule<'conv2dGradInput'> = ([dy, weight], attributes, [shape], run) => {
  const total = new Float64Array(sizeOf(shape!));
  walk(shape!, weight!.shape, dy!.shape, attributes, (ix, iw, iy) => (total[ix]! += dy!.data[iy]! * weight!.data[iw]!));
  const out = run.floats(total.length);
  out.set(total);
  return [{ data: out, shape: shape! }];
};

const conv2dGradWeight: Rule<'conv2dGradWeight'> = ([x, dy], attributes, [shape], run) => {
  const total = new Float64Array(sizeOf(shape!));
  walk(x!.shape, shape!, dy!.shape, attributes, (ix, iw, iy) => (total[iw]! += x!.data[ix]! * dy!.data[iy]!));
  const out = run.floats(total.length);
  out.set(total);
  return [{ data: out, shape: shape! }];
};

/** Rules of contractions. */
export const contractions = { matmul, conv2d, conv2dGradInput, conv2dGradWeight };
