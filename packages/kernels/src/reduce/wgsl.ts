// The shader of a reduction.
import { declare, groupReductions, longItems, lowest, lowestInteger, perGroup, perThread, u } from '../shader.ts';
import type { ReduceProblem } from './index.ts';

/** Lines that turn the index `name` into an offset over axes whose sizes and strides begin at parameters `sizes` and `strides`. */
function offsetOf(name: string, rank: number, sizes: number, strides: number): string {
  if (rank === 0) return '0u';
  const terms: string[] = [];
  let rest = name;
  for (let axis = rank - 1; axis >= 0; axis--) {
    terms.push(axis === 0 ? `(${rest}) * ${u(strides)}` : `((${rest}) % ${u(sizes + axis)}) * ${u(strides + axis)}`);
    rest = `(${rest}) / ${u(sizes + axis)}`;
  }
  return terms.join(' + ');
}

/** One thread or one workgroup per result. Sums of a thread run in order; sums of a group in a fixed tree. */
export function shader({ op, type, half, kept, reduced }: ReduceProblem, grouped: boolean, parameterCount: number): string {
  const head = declare(
    [
      { name: 'x', type: half ? ('f16' as const) : type },
      { name: 'y', type, write: true },
    ],
    parameterCount,
  );
  const [k, r] = [kept.length, reduced.length];
  const base = offsetOf('i', k, 2, 2 + k);
  const at = offsetOf('j', r, 2 + 2 * k, 2 + 2 * k + r);
  const start = type === 'i32' ? (op === 'sum' ? '0i' : lowestInteger) : op === 'sum' ? '0.0f' : lowest;
  const element = half ? 'f32(x[base + at])' : 'x[base + at]';
  const combine = op === 'sum' ? `total += ${element};` : `total = max(total, ${element});`;
  const loop = (from: string, step: string) => `  let base = ${base};
  var total = ${start};
  for (var j = ${from}; j < ${u(1)}; j += ${step}) { let at = ${at}; ${combine} }`;
  if (!grouped) return `${head}${perThread(u(0), `${loop('0u', '1u')}\n  y[i] = total;`, longItems)}`;
  return `${head}${groupReductions}${perGroup(
    u(0),
    `${loop('lane', 'groupThreads')}
  let result = ${op === 'sum' ? 'groupSum' : 'groupMax'}(total, lane);
  if (lane == 0u) { y[i] = result; }`,
  )}`;
}
