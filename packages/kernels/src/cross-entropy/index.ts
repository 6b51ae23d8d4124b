// Softmax cross-entropy over a vocabulary and its gradient; probabilities are never stored.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, spread } from '../shader.ts';
import { cases } from './cases.ts';
import type { CrossEntropyProblem } from './problem.ts';
import { reference } from './reference.ts';
import { forwardShader, gradientShader } from './wgsl.ts';

function arrays({ of, rows, width }: CrossEntropyProblem) {
  const [logits, targets, logSumExp] = [arrayOf('logits', rows * width), arrayOf('targets', rows, 'i32'), arrayOf('logSumExp', rows)];
  if (of === 'forward') return { inputs: [logits, targets], outputs: [arrayOf('loss', rows), logSumExp] };
  return { inputs: [logits, targets, logSumExp, arrayOf('dloss', rows)], outputs: [arrayOf('dlogits', rows * width)] };
}

/** The kernel. */
export const crossEntropy: Kernel<CrossEntropyProblem> = {
  name: 'cross-entropy',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: ({ of, rows, width }, capabilities = everyAdapter): Dispatch<ArrayName<typeof arrays>>[] => {
    if (rows * width === 0) return [];
    const [lanes, group] = [lanesOf(width), rowGroupOf(capabilities)];
    const parameters = { rows, rowItems: width / lanes };
    if (of === 'forward') return [dispatchOf('cross-entropy', parameters, forwardShader(lanes, group), spread(rows))];
    return [dispatchOf('cross-entropy: gradient', parameters, gradientShader(lanes, group), spread(rows))];
  },
  cost: (problem) => ({ flops: 3 * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
