// Attention with memory linear in tokens: a single pass over the keys forward; backward D, then dQ, dK and dV [Dao et al. 2022].
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter, sizeClass, variantOf } from '../kernel.ts';
import { f32 } from '../parameters.ts';
import { longItems, spread, spreadThreads } from '../shader.ts';
import { keyShader, queryShader, statisticsShader } from './backward.ts';
import { cases } from './cases.ts';
import { decodeShader, forwardShader } from './forward.ts';
import type { Sharing } from './layout.ts';
import { sharingsFor, storageOf, threadsOf } from './layout.ts';
import type { AttentionProblem, AttentionRows } from './problem.ts';
import { reference } from './reference.ts';

/** Up to this many queries a workgroup shares the keys of each: decoding with a cache of keys and values. */
const fewQueries = 4;

function arrays(problem: AttentionProblem) {
  const { of, batch, queries, keys, heads, headSize, masked } = problem;
  const ofQueries = <const Name extends AttentionRows>(name: Name) => arrayOf(name, batch * queries * heads * headSize, storageOf(problem, name));
  const ofKeys = <const Name extends AttentionRows>(name: Name) => arrayOf(name, batch * keys * heads * headSize, storageOf(problem, name));
  const logSumExp = arrayOf('logSumExp', batch * heads * queries);
  const mask = masked ? [arrayOf('mask', batch * keys)] : [];
  const inputs = [ofQueries('q'), ofKeys('k'), ofKeys('v')];
  if (of === 'forward') return { inputs: [...inputs, ...mask], outputs: [ofQueries('o'), logSumExp] };
  return {
    inputs: [...inputs, ofQueries('o'), logSumExp, ofQueries('g'), ...mask],
    outputs: [ofQueries('dq'), ofKeys('dk'), ofKeys('dv')],
    temporaries: [arrayOf('statistics', 2 * logSumExp.length)],
  };
}

type AttentionDispatch = Dispatch<ArrayName<typeof arrays>>;

const decodes = ({ of, queries }: AttentionProblem): boolean => of === 'forward' && queries <= fewQueries;

/** The pass, what hides keys, rows stored as f16, the head's size, heads of all studies, queries and keys. */
function shapeClass({ of, batch, queries, keys, heads, headSize, causal, masked, half = [] }: AttentionProblem): string {
  const hidden = `${causal ? ' causal' : ''}${masked ? ' masked' : ''}${half.length > 0 ? ` f16 ${half.toSorted().join(' ')}` : ''}`;
  return `${of}${hidden} ${headSize}, ${[batch * heads, queries, keys].map(sizeClass).join('x')}`;
}

/** How a problem's dispatches count: `items` of a shader are rows, or blocks of rows that one workgroup takes. */
function countsOf({ batch, queries, keys, heads, scale }: AttentionProblem, sharing: Sharing) {
  const threads = threadsOf(sharing);
  const [queryBlocks, keyBlocks] = [Math.ceil(queries / threads), Math.ceil(keys / threads)];
  return {
    ofItems: (items: number) => ({ items, batch, queries, keys, heads, scale: f32(scale), queryBlocks, keyBlocks }),
    rows: batch * heads * queries,
    queryItems: batch * heads * queryBlocks,
    keyItems: batch * heads * keyBlocks,
  };
}

function forwardDispatches(problem: AttentionProblem, sharing: Sharing): AttentionDispatch[] {
  const { ofItems, rows, queryItems } = countsOf(problem, sharing);
  if (rows * problem.headSize === 0) return [];
  if (decodes(problem)) return [dispatchOf('attention: decode', ofItems(rows), decodeShader(problem), spread(rows))];
  return [dispatchOf('attention: forward', ofItems(queryItems), forwardShader(problem, sharing), spread(queryItems))];
}

function gradientDispatches(problem: AttentionProblem, sharing: Sharing): AttentionDispatch[] {
  const { headSize } = problem;
  const { ofItems, rows, queryItems, keyItems } = countsOf(problem, sharing);
  const ofKeys = (label: string, outputs: readonly ('dk' | 'dv')[]): AttentionDispatch =>
    dispatchOf(`attention: ${label}`, ofItems(keyItems), keyShader(problem, sharing, outputs), spread(keyItems));
  const ofQueries = (): AttentionDispatch[] => [
    dispatchOf('attention: statistics', ofItems(rows), statisticsShader(problem), spreadThreads(rows, longItems)),
    dispatchOf('attention: dQ', ofItems(queryItems), queryShader(problem, sharing), spread(queryItems)),
  ];
  return [
    ...(rows * headSize === 0 ? [] : ofQueries()),
    ...(keyItems * headSize === 0 ? [] : headSize <= 32 ? [ofKeys('dK and dV', ['dk', 'dv'])] : [ofKeys('dK', ['dk']), ofKeys('dV', ['dv'])]),
  ];
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
    const { sharing } = variantOf(sharingsFor(problem, capabilities), decodes(problem) ? undefined : variant);
    return (problem.of === 'forward' ? forwardDispatches : gradientDispatches)(problem, sharing);
  },
  cost: (problem) => {
    const { of, batch, queries, keys, heads, headSize, causal } = problem;
    const pairs = (batch * heads * queries * keys) / (causal ? 2 : 1);
    return { flops: pairs * headSize * (of === 'forward' ? 4 : 14), bytes: bytesOf(arrays(problem)) };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
