// KL(softmax(teacher / T) || softmax(student / T)) per row, and its gradient: a workgroup or a subgroup per row.
import type { ArraySpec, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { floatBits, lanesOf, pack, spread } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { forwardShader, gradientShader } from './wgsl.ts';
import type { DistillationProblem } from './problem.ts';

function arrays({ of, rows, width }: DistillationProblem) {
  const [logits, row]: ArraySpec[] = [
    { type: 'f32', length: rows * width },
    { type: 'f32', length: rows },
  ];
  return of === 'forward' ? { inputs: [logits!, logits!], outputs: [row!, row!, row!] } : { inputs: [logits!, logits!, row!, row!, row!], outputs: [logits!] };
}

/** The kernel. */
export const distillation: Kernel<DistillationProblem> = {
  name: 'distillation',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: ({ of, rows, width, temperature }, capabilities = everyAdapter) => {
    if (rows * width === 0) return [];
    const lanes = lanesOf(width);
    const parameters = pack([rows, width / lanes, floatBits(1 / temperature)]);
    return [
      {
        label: `distillation: ${of}`,
        code: (of === 'forward' ? forwardShader : gradientShader)(lanes, rowGroupOf(capabilities), parameters.length),
        parameters,
        arrays: of === 'forward' ? [0, 1, 2, 3, 4] : [0, 1, 2, 3, 4, 5],
        writes: of === 'forward' ? [2, 3, 4] : [5],
        workgroups: spread(rows),
      },
    ];
  },
  cost: (problem) => ({ flops: 10 * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
