// Losses over a vocabulary from one part of the logits after another: running log-sum-exps of each row, the losses they end in, and gradients in place.
import type { ArraySpec, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { floatBits, lanesOf, longItems, pack, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { finishShader, gradientShader, partShader, runningWidth } from './wgsl.ts';
import type { VocabularyLossProblem } from './problem.ts';

function arrays({ of, rows, width, teacher }: VocabularyLossProblem) {
  const logits: ArraySpec = { type: 'f32', length: rows * width };
  const row: ArraySpec = { type: 'f32', length: rows };
  const target: ArraySpec = { type: 'i32', length: rows };
  const running: ArraySpec = { type: 'f32', length: rows * runningWidth(teacher) };
  switch (of) {
    case 'part':
      return { inputs: [logits, ...(teacher ? [logits] : []), target], outputs: [running] };
    case 'finish':
      return { inputs: [running, target], outputs: teacher ? [row, row, row, row, row] : [row, row] };
    case 'gradient':
      return { inputs: [target, row, row, ...(teacher ? [logits, row, row, row] : [])], outputs: [logits] };
  }
}

/** The kernel. */
export const vocabularyLoss: Kernel<VocabularyLossProblem> = {
  name: 'vocabulary-loss',
  pass: ({ of }) => (of === 'gradient' ? 'backward' : 'forward'),
  arrays,
  dispatches: (problem, capabilities = everyAdapter) => {
    const { of, rows, width, start, vocabulary, teacher, temperature } = problem;
    if (rows * (of === 'finish' ? 1 : width) === 0) return [];
    const { inputs, outputs } = arrays(problem);
    const list = [...inputs, ...outputs].map((_, i) => i);
    const writes = outputs.map((_, i) => inputs.length + i);
    const lanes = lanesOf(width);
    const parameters = of === 'finish' ? pack([rows, vocabulary]) : pack([rows, width / lanes, start, vocabulary, floatBits(1 / temperature)]);
    const code =
      of === 'finish'
        ? finishShader(teacher, parameters.length)
        : (of === 'part' ? partShader : gradientShader)(teacher, lanes, rowGroupOf(capabilities), parameters.length);
    return [
      {
        label: `vocabulary-loss: ${of}`,
        code,
        parameters,
        arrays: list,
        writes,
        workgroups: of === 'finish' ? spreadThreads(rows, longItems) : spread(rows),
      },
    ];
  },
  cost: (problem) => ({
    flops: (problem.teacher ? 10 : 3) * problem.rows * (problem.of === 'finish' ? 1 : problem.width),
    bytes: bytesOf(arrays(problem)) + (problem.of === 'gradient' ? 4 * problem.rows * problem.width : 0),
  }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
