// Shaders of the convolution. Short sums of one kernel row (or row of results) are added with compensation [Kahan 1965]:
// a max-pool behind a stem decides between near equals.
import { declare, longItems, perThread, u } from '../shader.ts';
import { epilogueBindings, storer } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';
// Parameters: count, B, C, H, W, O, kh, kw, oh, ow, stride (2), padding (2).
const names = `  let B = ${u(1)}; let C = ${u(2)}; let H = i32(${u(3)}); let W = i32(${u(4)}); let O = ${u(5)}; let kh = i32(${u(6)}); let kw = i32(${u(7)}); let oh = i32(${u(8)}); let ow = i32(${u(9)});
  let sh = i32(${u(10)}); let sw = i32(${u(11)}); let ph = i32(${u(12)}); let pw = i32(${u(13)});
  var sum = 0.0f; var lost = 0.0f;`;

const addLine = 'let term = line - lost; let next = sum + term; lost = (next - sum) - term; sum = next;';

const output = `  let s = i32(i) % ow; let r = (i32(i) / ow) % oh; let o = i / u32(ow * oh) % O; let b = i / (u32(ow * oh) * O);
  let top = r * sh - ph; let left = s * sw - pw;
  let firstQ = max(0, -left); let endQ = min(kw, W - left);
  for (var c = 0u; c < C; c++) { for (var p = max(0, -top); p < min(kh, H - top); p++) {
    let xAt = (i32(b * C + c) * H + top + p) * W + left;
    let wAt = (i32(o * C + c) * kh + p) * kw;
    var line = 0.0f;
    for (var q = firstQ; q < endQ; q++) { line = fma(a[xAt + q], w[wAt + q], line); }
    ${addLine}
  } }`;

// Of the kernel's rows and columns, every stride-th meets this element.
const input = `  let column = i32(i) % W; let row = (i32(i) / W) % H; let c = i / u32(W * H) % C; let b = i / (u32(W * H) * C);
  let bottom = row + ph; let right = column + pw;
  let firstP = max(bottom % sh, bottom - (oh - 1) * sh); let firstQ = max(right % sw, right - (ow - 1) * sw);
  for (var o = 0u; o < O; o++) { for (var p = firstP; p < min(kh, bottom + 1); p += sh) {
    let yAt = (i32(b * O + o) * oh + (bottom - p) / sh) * ow;
    let wAt = (i32(o * C + c) * kh + p) * kw;
    var line = 0.0f;
    for (var q = firstQ; q < min(kw, right + 1); q += sw) { line = fma(a[yAt + (right - q) / sw], w[wAt + q], line); }
    ${addLine}
  } }`;

const weight = `  let q = i32(i) % kw; let p = (i32(i) / kw) % kh; let c = i / u32(kw * kh) % C; let o = i / (u32(kw * kh) * C);
  let firstR = max(0, (ph - p + sh - 1) / sh); let firstS = max(0, (pw - q + sw - 1) / sw);
  // Divisions round to zero: an end before the first element stays before it.
  let endR = select(0, min(oh, (H - 1 + ph - p) / sh + 1), H - 1 + ph - p >= 0); let endS = select(0, min(ow, (W - 1 + pw - q) / sw + 1), W - 1 + pw - q >= 0);
  for (var b = 0u; b < B; b++) { for (var r = firstR; r < endR; r++) {
    let xAt = (i32(b * C + c) * H + r * sh + p - ph) * W + q - pw;
    let yAt = (i32(b * O + o) * oh + r) * ow;
    var line = 0.0f;
    for (var s = firstS; s < endS; s++) { line = fma(a[xAt + s * sw], w[yAt + s], line); }
    ${addLine}
  } }`;

/** Parameters of the shader: those of what leaves with the result come after. */
const elementCount = 14;

/** The shader of one of the three. */
export function shader({ of, epilogue }: ConvolutionProblem, parameterCount: number): string {
  const bindings = [
    { name: 'a', type: 'f32' as const },
    { name: 'w', type: 'f32' as const },
    ...epilogueBindings(epilogue),
    { name: 'y', type: 'f32' as const, write: true },
  ];
  return `${declare(bindings, parameterCount)}${storer(epilogue, elementCount)}${perThread(u(0), `${names}\n${{ output, input, weight }[of]}\n  store(i, sum);`, longItems)}`;
}
