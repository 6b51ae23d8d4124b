// Softmax cross-entropy over a vocabulary and its gradient: a workgroup or a subgroup per row; probabilities are never stored.
import type { ArraySpec, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, pack, spread } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { forwardShader, gradientShader } from './wgsl.ts';
import type { CrossEntropyProblem } from './problem.ts';

function arrays({ of, rows, width }: CrossEntropyProblem) {
  const [logits, row, target]: ArraySpec[] = [
    { type: 'f32', length: rows * width },
    { type: 'f32', length: rows },
    { type: 'i32', length: rows },
  ];
  return of === 'forward' ? { inputs: [logits!, target!], outputs: [row!, row!] } : { inputs: [logits!, target!, row!, row!], outputs: [logits!] };
}

/** The kernel. */
export const crossEntropy: Kernel<CrossEntropyProblem> = {
  name: 'cross-entropy',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: ({ of, rows, width }, capabilities = everyAdapter) => {
    if (rows * width === 0) return [];
    const group = rowGroupOf(capabilities);
    const lanes = lanesOf(width);
    const parameters = pack([rows, width / lanes]);
    if (of === 'forward')
      return [
        {
          label: 'cross-entropy',
          code: forwardShader(lanes, group, parameters.length),
          parameters,
          arrays: [0, 1, 2, 3],
          writes: [2, 3],
          workgroups: spread(rows),
        },
      ];
    return [
      {
        label: 'cross-entropy: gradient',
        code: gradientShader(lanes, group, parameters.length),
        parameters,
        arrays: [0, 1, 2, 3, 4],
        writes: [4],
        workgroups: spread(rows),
      },
    ];
  },
  cost: (problem) => ({ flops: 3 * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
