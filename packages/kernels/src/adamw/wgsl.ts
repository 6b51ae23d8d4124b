// Shaders of the optimizer. A workgroup takes a chunk of one tensor, in quads; what follows a tensor's last element is left as it is.
import type { RowGroup } from '../row-group.ts';
import type { Binding } from '../shader.ts';
import { declare, f, groupThreads, itemSum, perGroup, perThread, range, u } from '../shader.ts';
import { boundSources, eachQuad, findChunk } from './tensors.ts';

const read = (name: string): Binding => ({ name, type: 'f32' });
const write = (name: string): Binding => ({ name, type: 'f32', write: true });
const quads = (names: readonly string[], written = false): Binding[] => names.map((name) => ({ name, type: 'vec4<f32>', write: written }));
const gradients = quads(range(boundSources).map((k) => `g${k}`));

/** 1 - e^x without cancellation near 0. */
const correction = `
fn oneMinusExp(x: f32) -> f32 {
  if (x > -0.05f) { return -x * (1.0f + x * (0.5f + x * (0.16666667f + x * (0.041666668f + x * 0.008333334f)))); }
  return 1.0f - exp(x);
}`;

/**
 * rate, step, norm, loss scale -> what all tensors share: rate, factor on gradients, on first moments, on second moments, and whether
 * to update (0 where a scaled norm is not finite, told by its bits: compilers may assume that numbers are). Parameters: log(beta1),
 * log(beta2), greatest norm, whether there is one.
 */
export const factorsShader = (scaled: boolean, parameters: number): string =>
  `${declare([...['rate', 'step', 'norm', ...(scaled ? ['lossScale'] : [])].map(read), write('factors')], parameters)}${correction}${perThread(
    '1u',
    `  let clip = select(1.0f, min(1.0f, ${f(2)} / (norm[0] + 1.0e-6f)), ${u(3)} != 0u);
  factors[0] = rate[0];
  factors[1] = clip${scaled ? ' / lossScale[0]' : ''};
  factors[2] = 1.0f / oneMinusExp(step[0] * ${f(0)});
  factors[3] = 1.0f / oneMinusExp(step[0] * ${f(1)});
  factors[4] = ${scaled ? 'select(1.0f, 0.0f, (bitcast<u32>(norm[0]) & 0x7f800000u) == 0x7f800000u)' : '1.0f'};`,
  )}`;

/** factors, gradients; parameters and moments in place. Parameters: chunks, tensors, beta1, beta2, 1 - beta1, 1 - beta2, epsilon, 0; rows of two vectors: the place in quads, weight decay, rate and ceiling after what all tables have. */
export const updateShader = (chunk: number, parameters: number): string =>
  `${declare([read('factors'), ...gradients, ...quads(['p', 'm', 'v'], true)], parameters)}${groupThreads}
fn update(at: u32, left: u32, slope: vec4<f32>, scale: vec2<f32>, keep: f32, own: f32, ceiling: f32) {
  let first = m[at] * ${f(2)} + slope * ${f(4)};
  let second = v[at] * ${f(3)} + slope * slope * ${f(5)};
  let next = min(p[at] * keep - own * (first * scale.x / (sqrt(second * scale.y) + ${f(6)})), vec4<f32>(ceiling));
  if (left >= 4u) {
    p[at] = next; m[at] = first; v[at] = second;
  } else {
    let inside = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left);
    p[at] = select(p[at], next, inside); m[at] = select(m[at], first, inside); v[at] = select(v[at], second, inside);
  }
}${perGroup(
    u(0),
    `  if (factors[4] == 0.0f) { return; }
${findChunk(2, 2, chunk)}
  let more = parameters[at + 1u];
  let own = factors[0] * bitcast<f32>(more.z); let keep = 1.0f - own * bitcast<f32>(more.y); let ceiling = bitcast<f32>(more.w);
  let slope = factors[1]; let scale = vec2<f32>(factors[2], factors[3]);
${eachQuad((g) => `update(more.x + j, row.y - 4u * j, ${g} * slope, scale, keep, own, ceiling);`)}`,
  )}`;

/** Gradients -> the sum of squares of each chunk, the same whoever shares the dispatch. Parameters: chunks, tensors, where sums begin. */
export const squaresShader = (chunk: number, { extensions, reductions, entry }: RowGroup, parameters: number): string =>
  `${declare([...gradients, write('partial')], parameters, extensions)}${reductions}
fn square(g: vec4<f32>, left: u32) -> vec4<f32> {
  let own = select(vec4<f32>(0.0f), g, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left));
  return own * own;
}${entry(
    u(0),
    `${findChunk(1, 1, chunk)}
  var sum = vec4<f32>(0.0f);
${eachQuad((g) => `sum += square(${g}, row.y - 4u * j);`)}
  let total = groupSum(${itemSum(4, 'sum')}, lane);
  if (lane == 0u) { partial[${u(2)} + i] = total; }`,
  )}`;

/** One group: the root of the sum of all partials. */
export const normShader = (scaled: boolean, { extensions, reductions, entry }: RowGroup, parameterCount: number): string =>
  `${declare([read('partial'), ...(scaled ? [read('lossScale')] : []), write('y')], parameterCount, extensions)}${reductions}${entry(
    '1u',
    `  var sum = 0.0f;
  for (var j = lane; j < ${u(0)}; j += groupThreads) { sum += partial[j]; }
  let total = groupSum(sum, lane);
  if (lane == 0u) { y[0] = sqrt(total)${scaled ? ' / lossScale[0]' : ''}; }`,
  )}`;
