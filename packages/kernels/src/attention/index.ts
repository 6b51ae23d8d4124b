// Attention with memory linear in tokens: a single pass over the keys forward; backward D, then dQ, dK and dV [Dao et al. 2022].
import type { ArraySpec, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { bytesOf } from '../kernel.ts';
import { floatBits, pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { forwardShader, keyShader, queryShader, rowShader, valueShader } from './wgsl.ts';

/**
 * q (B, T, D), k and v (B, S, D), heads inside D; a mask (B, S) where `masked`. Forward: -> out (B, T, D), log-sum-exp (B, heads, T).
 * Gradient: q, k, v, out, log-sum-exp, dout, mask -> dq, dk, dv.
 */
export interface AttentionProblem {
  readonly of: 'forward' | 'gradient';
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly masked: boolean;
}

const array = (length: number): ArraySpec => ({ type: 'f32', length });

function arrays({ of, batch, queries, keys, heads, headSize, masked }: AttentionProblem) {
  const [q, k, rows] = [array(batch * queries * heads * headSize), array(batch * keys * heads * headSize), array(batch * heads * queries)];
  const mask = masked ? [array(batch * keys)] : [];
  if (of === 'forward') return { inputs: [q, k, k, ...mask], outputs: [q, rows] };
  return { inputs: [q, k, k, q, rows, q, ...mask], outputs: [q, k, k], temporaries: [rows] };
}

/** The kernel. */
export const attention: Kernel<AttentionProblem> = {
  name: 'attention',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: (problem) => {
    const { of, batch, queries, keys, heads, scale, masked } = problem;
    const [queryThreads, keyThreads] = [batch * heads * queries, batch * heads * keys];
    const parameters = pack([batch, queries, keys, heads, floatBits(scale), queryThreads, keyThreads]);
    const count = parameters.length;
    const extra = (at: number) => (masked ? [at] : []);
    const on = (label: string, code: string, list: readonly number[], writes: readonly number[], threads: number): Dispatch[] =>
      threads * problem.headSize === 0 ? [] : [{ label: `attention: ${label}`, code, parameters, arrays: list, writes, workgroups: spreadThreads(threads) }];
    if (of === 'forward') {
      const outs = masked ? [4, 5] : [3, 4];
      return on('forward', forwardShader(problem, count), [0, 1, 2, ...extra(3), ...outs], outs, queryThreads);
    }
    // Inputs q 0, k 1, v 2, out 3, log-sum-exp 4, dout 5, mask 6; then dq, dk, dv and the temporary D.
    const first = masked ? 7 : 6;
    const [dq, dk, dv, d] = [first, first + 1, first + 2, first + 3];
    return [
      ...on('D', rowShader(problem, count), [3, 5, d], [d], queryThreads),
      ...on('dQ', queryShader(problem, count), [0, 1, 2, 5, 4, d, ...extra(6), dq], [dq], queryThreads),
      ...on('dK', keyShader(problem, count), [0, 1, 2, 5, 4, d, ...extra(6), dk], [dk], keyThreads),
      ...on('dV', valueShader(problem, count), [0, 1, 5, 4, ...extra(6), dv], [dv], keyThreads),
    ];
  },
  cost: (problem) => {
    const { of, batch, queries, keys, heads, headSize, causal } = problem;
    const pairs = (batch * heads * queries * keys) / (causal ? 2 : 1);
    return { flops: pairs * headSize * (of === 'forward' ? 4 : 14), bytes: bytesOf(arrays(problem)) };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
