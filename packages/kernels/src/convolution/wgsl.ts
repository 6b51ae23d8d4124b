// Shaders of the convolution. Short sums of one kernel row (or row of results) are added with compensation [Kahan 1965]:
// a max-pool behind a stem decides between near equals.
import type { Shader } from '../dispatch.ts';
import { shaderOf } from '../dispatch.ts';
import { epilogueReads } from '../matmul/tile.ts';
import { longItems, perThread } from '../shader.ts';
import { epilogueParameters, storer } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Parameters of the shaders; those of what leaves with the result come after. */
export const elementParameters = (count: number, { x, weight, y, stride, padding, groups = 1, epilogue }: ConvolutionProblem) => ({
  count,
  batch: x[0],
  channels: x[1],
  height: x[2],
  width: x[3],
  outputs: weight[0],
  groupChannels: weight[1],
  groupOutputs: weight[0] / groups,
  kernelHeight: weight[2],
  kernelWidth: weight[3],
  outHeight: y[2],
  outWidth: y[3],
  strideDown: stride[0],
  strideAcross: stride[1],
  paddingTop: padding[0],
  paddingLeft: padding[1],
  ...epilogueParameters(epilogue),
});

const names = `  let B = parameters.batch; let C = parameters.channels; let H = i32(parameters.height); let W = i32(parameters.width); let O = parameters.outputs; let E = parameters.groupChannels; let P = parameters.groupOutputs; let kh = i32(parameters.kernelHeight); let kw = i32(parameters.kernelWidth); let oh = i32(parameters.outHeight); let ow = i32(parameters.outWidth);
  let sh = i32(parameters.strideDown); let sw = i32(parameters.strideAcross); let ph = i32(parameters.paddingTop); let pw = i32(parameters.paddingLeft);
  var sum = 0.0f; var lost = 0.0f;`;

const addLine = 'let term = line - lost; let next = sum + term; lost = (next - sum) - term; sum = next;';

const output = `  let s = i32(i) % ow; let r = (i32(i) / ow) % oh; let o = i / u32(ow * oh) % O; let b = i / (u32(ow * oh) * O);
  let top = r * sh - ph; let left = s * sw - pw;
  let firstQ = max(0, -left); let endQ = min(kw, W - left);
  let firstC = b * C + o / P * E;
  for (var c = 0u; c < E; c++) { for (var p = max(0, -top); p < min(kh, H - top); p++) {
    let xAt = (i32(firstC + c) * H + top + p) * W + left;
    let wAt = (i32(o * E + c) * kh + p) * kw;
    var line = 0.0f;
    for (var q = firstQ; q < endQ; q++) { line = fma(x[xAt + q], weight[wAt + q], line); }
    ${addLine}
  } }`;

// Of the kernel's rows and columns, every stride-th meets this element.
const input = `  let column = i32(i) % W; let row = (i32(i) / W) % H; let c = i / u32(W * H) % C; let b = i / (u32(W * H) * C);
  let bottom = row + ph; let right = column + pw;
  let firstP = max(bottom % sh, bottom - (oh - 1) * sh); let firstQ = max(right % sw, right - (ow - 1) * sw);
  let firstO = c / E * P; let element = c % E;
  for (var o = firstO; o < firstO + P; o++) { for (var p = firstP; p < min(kh, bottom + 1); p += sh) {
    let yAt = (i32(b * O + o) * oh + (bottom - p) / sh) * ow;
    let wAt = (i32(o * E + element) * kh + p) * kw;
    var line = 0.0f;
    for (var q = firstQ; q < min(kw, right + 1); q += sw) { line = fma(dy[yAt + (right - q) / sw], weight[wAt + q], line); }
    ${addLine}
  } }`;

const weightGradient = `  let q = i32(i) % kw; let p = (i32(i) / kw) % kh; let e = i / u32(kw * kh) % E; let o = i / (u32(kw * kh) * E); let c = o / P * E + e;
  let firstR = max(0, (ph - p + sh - 1) / sh); let firstS = max(0, (pw - q + sw - 1) / sw);
  // Divisions round to zero: an end before the first element stays before it.
  let endR = select(0, min(oh, (H - 1 + ph - p) / sh + 1), H - 1 + ph - p >= 0); let endS = select(0, min(ow, (W - 1 + pw - q) / sw + 1), W - 1 + pw - q >= 0);
  for (var b = 0u; b < B; b++) { for (var r = firstR; r < endR; r++) {
    let xAt = (i32(b * C + c) * H + r * sh + p - ph) * W + q - pw;
    let yAt = (i32(b * O + o) * oh + r) * ow;
    var line = 0.0f;
    for (var s = firstS; s < endS; s++) { line = fma(x[xAt + s * sw], dy[yAt + s], line); }
    ${addLine}
  } }`;

/** The shader of one of the three. */
export function shader({ of, epilogue }: ConvolutionProblem): Shader {
  const codeOf = (body: string, to: string) => `${storer(epilogue, to)}${perThread('parameters.count', `${names}\n${body}\n  store(i, sum);`, longItems)}`;
  switch (of) {
    case 'output':
      return shaderOf({ reads: { x: 'f32', weight: 'f32', ...epilogueReads(epilogue) }, writes: { y: 'f32' }, code: codeOf(output, 'y') });
    case 'input':
      return shaderOf({ reads: { dy: 'f32', weight: 'f32' }, writes: { dx: 'f32' }, code: codeOf(input, 'dx') });
    case 'weight':
      return shaderOf({ reads: { x: 'f32', dy: 'f32' }, writes: { dweight: 'f32' }, code: codeOf(weightGradient, 'dweight') });
  }
}
