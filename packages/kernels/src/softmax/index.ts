// Softmax and its logarithm over rows.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, spread } from '../shader.ts';
import { cases } from './cases.ts';
import type { SoftmaxProblem } from './problem.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

const arrays = ({ rows, width }: SoftmaxProblem) => ({ inputs: [arrayOf('x', rows * width)], outputs: [arrayOf('y', rows * width)] });

/** The kernel. */
export const softmax: Kernel<SoftmaxProblem> = {
  name: 'softmax',
  pass: () => 'forward',
  arrays,
  dispatches: ({ rows, width, log }, capabilities = everyAdapter): Dispatch<ArrayName<typeof arrays>>[] => {
    if (rows * width === 0) return [];
    const lanes = lanesOf(width);
    return [dispatchOf(log ? 'log-softmax' : 'softmax', { rows, rowItems: width / lanes }, shader(log, lanes, rowGroupOf(capabilities)), spread(rows))];
  },
  cost: ({ rows, width }) => ({ flops: 4 * rows * width, bytes: 8 * rows * width }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
