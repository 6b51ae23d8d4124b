// The global norm of all gradients, which the update of parameters clips by.
import { dispatchOf } from '../dispatch.ts';
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, everyAdapter, sumOf } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { spread } from '../shader.ts';
import { chunksOf, groupsOf, onSources, tableOf } from '../tensor-table.ts';
import { cases } from './cases.ts';
import type { GradientNormProblem } from './problem.ts';
import { reference } from './reference.ts';
import { normShader, squaresShader } from './wgsl.ts';

/** Elements that one group squares and sums. */
const chunk = 8192;

/** The kernel: arrays with gradients, their loss scale where scaled -> the gradients' global L2 norm (one element). Sums run in a fixed order. */
export const gradientNorm: Kernel<GradientNormProblem> = {
  name: 'gradient-norm',
  pass: () => 'backward',
  arrays: ({ sources, gradients, scaled }) => ({
    inputs: [...sources.map((length, i) => arrayOf(`gradients${i}`, length)), ...(scaled ? [arrayOf('lossScale', 1)] : [])],
    outputs: [arrayOf('norm', 1)],
    temporaries: [
      arrayOf(
        'squares',
        Math.max(
          1,
          sumOf(gradients, ({ length }) => chunksOf(length, chunk)),
        ),
      ),
    ],
  }),
  dispatches: ({ gradients, scaled = false }, capabilities = everyAdapter) => {
    const rows = rowGroupOf(capabilities);
    let firstSum = 0;
    const squares = groupsOf(gradients).map((group): Dispatch => {
      const { chunks, tensors } = tableOf(group, chunk);
      const parameters = { chunks, tensorCount: group.tensors.length, firstSum, tensors };
      firstSum += chunks;
      return onSources(dispatchOf(`gradient-norm: squares of ${group.tensors.length}`, parameters, squaresShader(chunk, rows), spread(chunks)), group);
    });
    return [...squares, dispatchOf('gradient-norm', { count: firstSum }, normShader(scaled, rows), [1, 1, 1])];
  },
  cost: ({ gradients }) => {
    const elements = sumOf(gradients, ({ length }) => length);
    return { flops: 2 * elements, bytes: 4 + 4 * elements };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
