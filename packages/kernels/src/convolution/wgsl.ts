// Shaders of the convolution. Sums are compensated [Kahan 1965]: a max-pool behind a stem decides between near equals.
import { declare, perThread, u } from '../shader.ts';
import type { ConvolutionProblem } from './index.ts';

// Parameters: count, B, C, H, W, O, kh, kw, oh, ow, stride (2), padding (2).
const names = `  let B = ${u(1)}; let C = ${u(2)}; let H = i32(${u(3)}); let W = i32(${u(4)}); let O = ${u(5)}; let kh = ${u(6)}; let kw = ${u(7)}; let oh = ${u(8)}; let ow = ${u(9)};
  let sh = i32(${u(10)}); let sw = i32(${u(11)}); let ph = i32(${u(12)}); let pw = i32(${u(13)});
  var sum = 0.0f; var lost = 0.0f;`;

const add = (term: string): string => `let term = ${term} - lost; let next = sum + term; lost = (next - sum) - term; sum = next;`;

const output = `  let s = i % ow; let r = (i / ow) % oh; let o = (i / (ow * oh)) % O; let b = i / (ow * oh * O);
  for (var c = 0u; c < C; c++) { for (var p = 0u; p < kh; p++) {
    let row = i32(r) * sh + i32(p) - ph;
    if (row < 0 || row >= H) { continue; }
    for (var q = 0u; q < kw; q++) {
      let column = i32(s) * sw + i32(q) - pw;
      if (column < 0 || column >= W) { continue; }
      ${add('a[u32((i32(b * C + c) * H + row) * W + column)] * w[((o * C + c) * kh + p) * kw + q]')}
    }
  } }`;

const input = `  let column = i32(i % u32(W)); let row = i32((i / u32(W)) % u32(H)); let c = (i / u32(W * H)) % C; let b = i / (u32(W * H) * C);
  for (var o = 0u; o < O; o++) { for (var p = 0u; p < kh; p++) {
    let up = row + ph - i32(p);
    if (up < 0 || up % sh != 0 || up / sh >= i32(oh)) { continue; }
    for (var q = 0u; q < kw; q++) {
      let left = column + pw - i32(q);
      if (left < 0 || left % sw != 0 || left / sw >= i32(ow)) { continue; }
      ${add('a[((b * O + o) * oh + u32(up / sh)) * ow + u32(left / sw)] * w[((o * C + c) * kh + p) * kw + q]')}
    }
  } }`;

const weight = `  let q = i % kw; let p = (i / kw) % kh; let c = (i / (kw * kh)) % C; let o = i / (kw * kh * C);
  for (var b = 0u; b < B; b++) { for (var r = 0u; r < oh; r++) {
    let row = i32(r) * sh + i32(p) - ph;
    if (row < 0 || row >= H) { continue; }
    for (var s = 0u; s < ow; s++) {
      let column = i32(s) * sw + i32(q) - pw;
      if (column < 0 || column >= W) { continue; }
      ${add('a[u32((i32(b * C + c) * H + row) * W + column)] * w[((b * O + o) * oh + r) * ow + s]')}
    }
  } }`;

/** The shader of one of the three. */
export function shader(of: ConvolutionProblem['of'], parameterCount: number): string {
  const bindings = [{ name: 'a', type: 'f32' as const }, { name: 'w', type: 'f32' as const }, { name: 'y', type: 'f32' as const, write: true }];
  return `${declare(bindings, parameterCount)}${perThread(u(0), `${names}\n${{ output, input, weight }[of]}\n  y[i] = sum;`)}`;
}
