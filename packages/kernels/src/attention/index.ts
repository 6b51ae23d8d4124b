// Attention with memory linear in tokens: a single pass over the keys forward; backward D, then dQ, dK and dV [Dao et al. 2022].
import type { ArraySpec, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter, sizeClass, variantOf } from '../kernel.ts';
import { floatBits, longItems, pack, spread, spreadThreads } from '../shader.ts';
import { keyShader, queryShader, statisticsShader } from './backward.ts';
import { cases } from './cases.ts';
import { decodeShader, forwardShader } from './forward.ts';
import { sharingsFor, storageOf, threadsOf } from './layout.ts';
import { reference } from './reference.ts';
import type { AttentionProblem, AttentionRows } from './problem.ts';

/** Up to this many queries a workgroup shares the keys of each: decoding with a cache of keys and values. */
const fewQueries = 4;

const array = (length: number): ArraySpec => ({ type: 'f32', length });

function arrays(problem: AttentionProblem) {
  const { of, batch, queries, keys, heads, headSize, masked } = problem;
  const statistics = array(batch * heads * queries);
  const rows = (name: AttentionRows): ArraySpec => ({
    type: storageOf(problem, name),
    length: batch * (['k', 'v', 'dk', 'dv'].includes(name) ? keys : queries) * heads * headSize,
  });
  const mask = masked ? [array(batch * keys)] : [];
  const inputs = [rows('q'), rows('k'), rows('v')];
  if (of === 'forward') return { inputs: [...inputs, ...mask], outputs: [rows('o'), statistics] };
  return {
    inputs: [...inputs, rows('o'), statistics, rows('g'), ...mask],
    outputs: [rows('dq'), rows('dk'), rows('dv')],
    temporaries: [array(2 * statistics.length)],
  };
}

const decodes = ({ of, queries }: AttentionProblem): boolean => of === 'forward' && queries <= fewQueries;

/** The pass, what hides keys, rows stored as f16, the head's size, heads of all studies, queries and keys. */
function shapeClass({ of, batch, queries, keys, heads, headSize, causal, masked, half = [] }: AttentionProblem): string {
  const hidden = `${causal ? ' causal' : ''}${masked ? ' masked' : ''}${half.length > 0 ? ` f16 ${half.toSorted().join(' ')}` : ''}`;
  return `${of}${hidden} ${headSize}, ${[batch * heads, queries, keys].map(sizeClass).join('x')}`;
}

/** The kernel. */
export const attention: Kernel<AttentionProblem> = {
  name: 'attention',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  variants: {
    // Few queries have a shader of their own.
    names: (problem, capabilities) => (decodes(problem) ? ['decode'] : sharingsFor(problem, capabilities).map(({ name }) => name)),
    shapeClass,
  },
  dispatches: (problem, capabilities = everyAdapter, variant) => {
    const { of, batch, queries, keys, heads, headSize, scale, masked } = problem;
    const { sharing } = variantOf(sharingsFor(problem, capabilities), decodes(problem) ? undefined : variant);
    const threads = threadsOf(sharing);
    const blocks = [Math.ceil(queries / threads), Math.ceil(keys / threads)] as const;
    const on = (label: string, code: (parameters: number) => string, list: readonly number[], writes: readonly number[], items: number, perItem = false) => {
      if (items * headSize === 0) return [];
      const parameters = pack([items, batch, queries, keys, heads, floatBits(scale), ...blocks]);
      const workgroups = perItem ? spreadThreads(items, longItems) : spread(items);
      return [{ label: `attention: ${label}`, code: code(parameters.length), parameters, arrays: list, writes, workgroups }] satisfies Dispatch[];
    };
    const [rows, queryItems, keyItems] = [batch * heads * queries, batch * heads * blocks[0], batch * heads * blocks[1]];
    if (of === 'forward') {
      const outs = masked ? [4, 5] : [3, 4];
      const list = [0, 1, 2, ...(masked ? [3] : []), ...outs];
      if (decodes(problem)) return on('decode', (count) => decodeShader(problem, count), list, outs, rows);
      return on('forward', (count) => forwardShader(problem, sharing, count), list, outs, queryItems);
    }
    // Inputs q 0, k 1, v 2, out 3, log-sum-exp 4, dout 5, mask 6; then dq, dk, dv and the temporary statistics.
    const first = masked ? 7 : 6;
    const [dq, dk, dv, stats] = [first, first + 1, first + 2, first + 3];
    const shared = [5, stats, ...(masked ? [6] : [])];
    const both = headSize <= 32;
    return [
      ...on('statistics', (count) => statisticsShader(problem, count), [3, 5, 4, stats], [stats], rows, true),
      ...on('dQ', (count) => queryShader(problem, sharing, count), [0, 1, 2, ...shared, dq], [dq], queryItems),
      ...(both
        ? on('dK and dV', (count) => keyShader(problem, sharing, ['dk', 'dv'], count), [0, 1, 2, ...shared, dk, dv], [dk, dv], keyItems)
        : [
            ...on('dK', (count) => keyShader(problem, sharing, ['dk'], count), [0, 1, 2, ...shared, dk], [dk], keyItems),
            ...on('dV', (count) => keyShader(problem, sharing, ['dv'], count), [0, 1, ...shared, dv], [dv], keyItems),
          ]),
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
