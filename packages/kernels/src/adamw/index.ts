// AdamW in place, for all parameters in a few dispatches [Loshchilov & Hutter 2019].
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { floatBits, pack, spread } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { groupsOf, tableOf } from './tensors.ts';
import { factorsShader, updateShader } from './wgsl.ts';
import type { AdamWProblem } from './problem.ts';

/** Elements that one workgroup updates. */
const chunk = 2048;

/** Greatest f32: what stands for infinity in a shader. */
const finite = (value: number): number => Math.min(value, 3.4028234663852886e38);

const arrays = ({ sources, targets, scaled }: AdamWProblem) => ({
  inputs: [1, 1, 1, ...(scaled ? [1] : []), ...sources].map((length) => ({ type: 'f32' as const, length })),
  outputs: [...targets, ...targets, ...targets].map((length) => ({ type: 'f32' as const, length })),
  temporaries: [{ type: 'f32' as const, length: 8 }],
});

/** The kernel: learning rate, step and norm, where scaled the loss scale (one element each), arrays with gradients; arrays with parameters, then those with first and with second moments, are rewritten in place. */
export const adamW: Kernel<AdamWProblem> = {
  name: 'adamw',
  pass: () => 'backward',
  arrays,
  dispatches: (problem) => {
    const { sources, targets, tensors, beta1, beta2, epsilon, maxNorm, scaled = false } = problem;
    const groups = groupsOf(tensors, (a, b) => a.target !== b.target);
    if (groups.length === 0) return [];
    const scalars = scaled ? [0, 1, 2, 3] : [0, 1, 2];
    const first = scalars.length + sources.length;
    const factors = first + 3 * targets.length;
    // Rates of the bias corrections: logarithms are taken in float64 here, since 1 - beta2 is small.
    const shared = pack([...[Math.log(beta1), Math.log(beta2), finite(maxNorm)].map(floatBits), Number.isFinite(maxNorm) ? 1 : 0]);
    const updates = groups.map((group): Dispatch => {
      const constants = [beta1, beta2, 1 - beta1, 1 - beta2, epsilon].map(floatBits);
      const { parameters, chunks } = tableOf(group, chunk, constants, ({ at, weightDecay, rate, ceiling }) => [
        at / 4,
        ...[weightDecay, rate, finite(ceiling)].map(floatBits),
      ]);
      const written = [0, 1, 2].map((k) => first + k * targets.length + group.tensors[0]!.target);
      return {
        label: `adamw: ${group.tensors.length} ${group.tensors.length === 1 ? 'tensor' : 'tensors'}`,
        code: updateShader(chunk, parameters.length),
        parameters,
        arrays: [factors, ...group.sources.map((source) => scalars.length + source), ...written],
        writes: written,
        workgroups: spread(chunks),
      };
    });
    return [
      {
        label: 'adamw: factors',
        code: factorsShader(scaled, shared.length),
        parameters: shared,
        arrays: [...scalars, factors],
        writes: [factors],
        workgroups: [1, 1, 1],
      },
      ...updates,
    ];
  },
  cost: ({ tensors }) => {
    const elements = tensors.reduce((total, { length }) => total + length, 0);
    return { flops: 16 * elements, bytes: 28 * elements };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
