// Shaders of the optimizer.
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, groupReductions, itemType, perGroup, perThread, u } from '../shader.ts';

const read = (name: string) => ({ name, type: 'f32' as const });
const write = (name: string) => ({ name, type: 'f32' as const, write: true });

const items = (lanes: Lanes, names: readonly string[], written = false): Binding[] => names.map((name) => ({ name, type: itemType(lanes), write: written }));

/** 1 - e^x without cancellation near 0. */
const correction = `
fn oneMinusExp(x: f32) -> f32 {
  if (x > -0.05f) { return -x * (1.0f + x * (0.5f + x * (0.16666667f + x * (0.041666668f + x * 0.008333334f)))); }
  return 1.0f - exp(x);
}`;

/** rate, step, norm, gradient, loss scale; parameter and moments in place, or left where a scaled norm is not finite (told by its bits: compilers may assume that numbers are). Parameters as `adamW` packs them. */
export const updateShader = (lanes: Lanes, scaled: boolean, parameterCount: number): string =>
  `${declare([read('rate'), read('step'), read('norm'), ...items(lanes, ['g']), ...(scaled ? [read('lossScale')] : []), ...items(lanes, ['p', 'm', 'v'], true)], parameterCount)}${correction}${perThread(
    u(0),
    `${scaled ? `  if ((bitcast<u32>(norm[0]) & 0x7f800000u) == 0x7f800000u) { return; }\n` : ''}  let clip = select(1.0f, min(1.0f, ${f(5)} / (norm[0] + 1.0e-6f)), ${u(11)} != 0u);
  let slope = g[i] * clip${scaled ? ' / lossScale[0]' : ''};
  let first = m[i] * ${f(1)} + slope * ${f(9)};
  let second = v[i] * ${f(2)} + slope * slope * ${f(10)};
  let direction = (first / oneMinusExp(step[0] * ${f(7)})) / (sqrt(second / oneMinusExp(step[0] * ${f(8)})) + ${f(3)});
  let own = rate[0] * ${f(12)};
  p[i] = min(p[i] * (1.0f - own * ${f(4)}) - own * direction, ${itemType(lanes)}(${f(6)}));
  m[i] = first;
  v[i] = second;`,
  )}`;

/**
 * One workgroup per chunk of `count` gradients, one after another: the sum of its squares, the same whoever shares the dispatch.
 * Parameters: chunks of all, elements of a chunk, where partials begin, 0; then length and chunks of each.
 */
export function squaresShader(count: number, parameterCount: number): string {
  const gradients = Array.from({ length: count }, (_, k) => k);
  const bindings = [...gradients.map((k) => read(`g${k}`)), write('partial')];
  const sumOf = (k: number) => `  if (own >= 0 && own < i32(${u(5 + 2 * k)})) {
    let begin = u32(own) * ${u(1)};
    let end = min(${u(4 + 2 * k)}, begin + ${u(1)});
    for (var j = begin + lane; j < end; j += groupThreads) { sum += g${k}[j] * g${k}[j]; }
  }
  own -= i32(${u(5 + 2 * k)});`;
  return `${declare(bindings, parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  var own = i32(i);
  var sum = 0.0f;
${gradients.map(sumOf).join('\n')}
  let total = groupSum(sum, lane);
  if (lane == 0u) { partial[${u(2)} + i] = total; }`,
  )}`;
}

/** One workgroup: the root of the sum of all partials. */
export const normShader = (scaled: boolean, parameterCount: number): string =>
  `${declare([read('partial'), ...(scaled ? [read('lossScale')] : []), write('y')], parameterCount)}${groupReductions}${perGroup(
    '1u',
    `  var sum = 0.0f;
  for (var j = lane; j < ${u(0)}; j += groupThreads) { sum += partial[j]; }
  let total = groupSum(sum, lane);
  if (lane == 0u) { y[0] = sqrt(total)${scaled ? ' / lossScale[0]' : ''}; }`,
  )}`;
