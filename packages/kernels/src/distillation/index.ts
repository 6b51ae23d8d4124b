// KL(softmax(teacher / T) || softmax(student / T)) per row, and its gradient.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter } from '../kernel.ts';
import { f32 } from '../parameters.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, spread } from '../shader.ts';
import { cases } from './cases.ts';
import type { DistillationProblem } from './problem.ts';
import { reference } from './reference.ts';
import { forwardShader, gradientShader } from './wgsl.ts';

function arrays({ of, rows, width }: DistillationProblem) {
  const logits = [arrayOf('student', rows * width), arrayOf('teacher', rows * width)];
  const totals = [arrayOf('studentLogSumExp', rows), arrayOf('teacherLogSumExp', rows)];
  if (of === 'forward') return { inputs: logits, outputs: [arrayOf('loss', rows), ...totals] };
  return { inputs: [...logits, ...totals, arrayOf('dloss', rows)], outputs: [arrayOf('dstudent', rows * width)] };
}

/** The kernel. */
export const distillation: Kernel<DistillationProblem> = {
  name: 'distillation',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: ({ of, rows, width, temperature }, capabilities = everyAdapter): Dispatch<ArrayName<typeof arrays>>[] => {
    if (rows * width === 0) return [];
    const [lanes, group] = [lanesOf(width), rowGroupOf(capabilities)];
    const parameters = { rows, rowItems: width / lanes, inverseTemperature: f32(1 / temperature) };
    const shader = of === 'forward' ? forwardShader(lanes, group) : gradientShader(lanes, group);
    return [dispatchOf(`distillation: ${of}`, parameters, shader, spread(rows))];
  },
  cost: (problem) => ({ flops: 10 * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
