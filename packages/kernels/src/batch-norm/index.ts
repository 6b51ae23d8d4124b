// Batch norm over images by the batch's own statistics, and its gradients [Ioffe & Szegedy 2015].
import type { ArraySpec, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { floatBits, lanesOf, longItems, pack, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { inputShader, normalizeShader, statisticsShader, sumsShader, weightShader } from './wgsl.ts';
import type { BatchNormProblem } from './problem.ts';

/** About how many elements of a channel one group takes. */
const sliceElements = 4096;

/** How a channel is cut: films and items of a film's places in one slice, parts of a film, and slices. */
function cutOf({ batch, places }: BatchNormProblem) {
  const lanes = lanesOf(places);
  const items = places / lanes;
  const films = Math.max(1, Math.floor(sliceElements / Math.max(1, places)));
  const part = Math.max(1, Math.ceil(items / Math.max(1, Math.ceil(places / sliceElements))));
  const parts = Math.max(1, Math.ceil(items / part));
  return { lanes, items, films, part, parts, slices: Math.max(1, Math.ceil(batch / films)) * parts };
}

const array = (length: number): ArraySpec => ({ type: 'f32', length });

function arrays(problem: BatchNormProblem) {
  const { of, batch, channels, places } = problem;
  const [x, channel, partial] = [array(batch * channels * places), array(channels), array(channels * cutOf(problem).slices)];
  const temporaries = [partial, partial];
  if (of === 'forward') return { inputs: [x, channel, channel], outputs: [x, channel, channel], temporaries };
  return { inputs: [x, channel, channel, channel, x], outputs: [x, channel, channel], temporaries };
}

/** Forward: x 0, weight 1, bias 2; y 3, mean 4, variance 5; slices' means 6 and squares 7. Gradient: x 0, weight 1, mean 2, variance 3, dy 4; dx 5, dweight 6, dbias 7; slices' sums 8, 9. */
function dispatchesOf(problem: BatchNormProblem, capabilities = everyAdapter): Dispatch[] {
  const { of, batch, channels, places, epsilon } = problem;
  // Of no elements, sums are zero and a mean is none.
  if (channels === 0 || (of === 'forward' && batch * places === 0)) return [];
  const { lanes, items, films, part, parts, slices } = cutOf(problem);
  const groups = channels * slices;
  const parameters = pack([groups, channels, items, batch, films, part, parts, slices, floatBits(epsilon)]);
  const on = (label: string, code: string, list: readonly number[], writes: readonly number[]): Dispatch => ({
    label: `batch-norm: ${label}`,
    code,
    parameters,
    arrays: list,
    writes,
    workgroups: spread(groups),
  });
  const [count, group] = [parameters.length, rowGroupOf(capabilities)];
  if (of === 'forward')
    return [
      on('statistics of slices', statisticsShader(lanes, group, count), [0, 6, 7], [6, 7]),
      on('y', normalizeShader(lanes, group, count), [0, 1, 2, 6, 7, 3, 4, 5], [3, 4, 5]),
    ];
  // One slice's sums are the channel's.
  const sums = slices === 1 ? [6, 7] : [8, 9];
  const added = { ...on('dweight, dbias', weightShader(count), [8, 9, 6, 7], [6, 7]), workgroups: spreadThreads(channels, longItems) };
  return [
    on('sums of slices', sumsShader(lanes, group, count), [0, 2, 3, 4, ...sums], sums),
    ...(slices === 1 ? [] : [added]),
    on('dx', inputShader(lanes, group, count), [0, 1, 2, 3, 4, 6, 7, 5], [5]),
  ];
}

/** The kernel. */
export const batchNorm: Kernel<BatchNormProblem> = {
  name: 'batch-norm',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: dispatchesOf,
  cost: (problem) => ({ flops: (problem.of === 'forward' ? 7 : 14) * problem.batch * problem.channels * problem.places, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
