// AdamW in place, for all parameters in a few dispatches [Loshchilov & Hutter 2019].
import { dispatchOf, onArrays } from '../dispatch.ts';
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, sumOf } from '../kernel.ts';
import { f32, floatBits } from '../parameters.ts';
import { spread } from '../shader.ts';
import type { Group } from '../tensor-table.ts';
import { groupsOf, onSources, tableOf } from '../tensor-table.ts';
import { cases } from './cases.ts';
import type { AdamWProblem, UpdatedTensor } from './problem.ts';
import { reference } from './reference.ts';
import { factorsShader, updateShader } from './wgsl.ts';

/** Elements that one workgroup updates. */
const chunk = 2048;

/** The greatest f32 for Infinity, which shaders do not know. */
const finite = (value: number): number => Math.min(value, 3.4028234663852886e38);

const arrays = ({ sources, targets, scaled }: AdamWProblem) => ({
  inputs: [
    arrayOf('rate', 1),
    arrayOf('step', 1),
    arrayOf('norm', 1),
    ...(scaled ? [arrayOf('lossScale', 1)] : []),
    ...sources.map((length, i) => arrayOf(`gradients${i}`, length)),
  ],
  outputs: ['weights', 'firstMoments', 'secondMoments'].flatMap((name) => targets.map((length, i) => arrayOf(`${name}${i}`, length))),
  temporaries: [arrayOf('factors', 8)],
});

/** Rates of the bias corrections are logarithms, taken in float64 here, since 1 - beta2 is small. */
function factorsDispatch({ beta1, beta2, maxNorm, scaled = false }: AdamWProblem): Dispatch {
  const clips = Number.isFinite(maxNorm) ? 1 : 0;
  const parameters = { logBeta1: f32(Math.log(beta1)), logBeta2: f32(Math.log(beta2)), maxNorm: f32(finite(maxNorm)), clips };
  return dispatchOf('adamw: factors', parameters, factorsShader(scaled), [1, 1, 1]);
}

/** The update of a group's tensors, which all lie in one target. */
function updateDispatch({ beta1, beta2, epsilon }: AdamWProblem, group: Group<UpdatedTensor>): Dispatch {
  const { chunks, tensors } = tableOf(group, chunk, ({ at, weightDecay, rate, ceiling }) => [at / 4, ...[weightDecay, rate, finite(ceiling)].map(floatBits)]);
  const tensorCount = group.tensors.length;
  const betas = { beta1: f32(beta1), beta2: f32(beta2), rest1: f32(1 - beta1), rest2: f32(1 - beta2) };
  const parameters = { chunks, tensorCount, ...betas, epsilon: f32(epsilon), tensors };
  const label = `adamw: ${tensorCount} ${tensorCount === 1 ? 'tensor' : 'tensors'}`;
  const { target } = group.tensors[0]!;
  return onArrays<string, Record<string, string>>(onSources(dispatchOf(label, parameters, updateShader(chunk), spread(chunks)), group), {
    weights: `weights${target}`,
    firstMoments: `firstMoments${target}`,
    secondMoments: `secondMoments${target}`,
  });
}

/** The kernel: learning rate, step and norm, where scaled the loss scale (one element each), arrays with gradients; arrays with parameters, then those with first and with second moments, are rewritten in place. */
export const adamW: Kernel<AdamWProblem> = {
  name: 'adamw',
  pass: () => 'backward',
  arrays,
  dispatches: (problem) => {
    const groups = groupsOf(problem.tensors, (a, b) => a.target !== b.target);
    return groups.length === 0 ? [] : [factorsDispatch(problem), ...groups.map((group) => updateDispatch(problem, group))];
  },
  cost: ({ tensors }) => {
    const elements = sumOf(tensors, ({ length }) => length);
    return { flops: 16 * elements, bytes: 28 * elements };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
