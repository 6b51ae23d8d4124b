// The global norm of all gradients, which the update clips by.
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { pack, spread } from '../shader.ts';
import { normCases } from './cases.ts';
import { normReference } from './reference.ts';
import { chunksOf, groupsOf, tableOf } from './tensors.ts';
import { normShader, squaresShader } from './wgsl.ts';
import type { GradientNormProblem } from './problem.ts';

/** Elements that one group squares and sums. */
const chunk = 8192;

/** The kernel: arrays with gradients, their loss scale where scaled -> the gradients' global L2 norm (one element). Sums run in a fixed order. */
export const gradientNorm: Kernel<GradientNormProblem> = {
  name: 'gradient-norm',
  pass: () => 'backward',
  arrays: ({ sources, gradients, scaled }) => ({
    inputs: [...sources, ...(scaled ? [1] : [])].map((length) => ({ type: 'f32' as const, length })),
    outputs: [{ type: 'f32', length: 1 }],
    temporaries: [
      {
        type: 'f32',
        length: Math.max(
          1,
          gradients.reduce((total, { length }) => total + chunksOf(length, chunk), 0),
        ),
      },
    ],
  }),
  dispatches: ({ sources, gradients, scaled = false }, capabilities = everyAdapter) => {
    const rows = rowGroupOf(capabilities);
    const scale = scaled ? [sources.length] : [];
    const output = sources.length + scale.length;
    const partial = output + 1;
    let start = 0;
    const squares = groupsOf(gradients).map((group): Dispatch => {
      const { parameters, chunks } = tableOf(group, chunk, [start]);
      start += chunks;
      return {
        label: `gradient-norm: squares of ${group.tensors.length}`,
        code: squaresShader(chunk, rows, parameters.length),
        parameters,
        arrays: [...group.sources, partial],
        writes: [partial],
        workgroups: spread(chunks),
      };
    });
    const parameters = pack([start]);
    return [
      ...squares,
      {
        label: 'gradient-norm',
        code: normShader(scaled, rows, parameters.length),
        parameters,
        arrays: [partial, ...scale, output],
        writes: [output],
        workgroups: [1, 1, 1],
      },
    ];
  },
  cost: ({ gradients }) => {
    const elements = gradients.reduce((total, { length }) => total + length, 0);
    return { flops: 2 * elements, bytes: 4 + 4 * elements };
  },
  reference: (problem, inputs): readonly Numbers[] => normReference(problem, inputs),
  cases: normCases,
};
