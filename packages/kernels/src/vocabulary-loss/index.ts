// Losses over a vocabulary from one part of the logits after another: running log-sum-exps of each row, the losses they end in, and gradients in place.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter } from '../kernel.ts';
import { f32 } from '../parameters.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, longItems, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { VocabularyLossProblem } from './problem.ts';
import { reference } from './reference.ts';
import { finishShader, gradientShader, partShader, runningWidth } from './wgsl.ts';

function arrays({ of, rows, width, teacher }: VocabularyLossProblem) {
  const [logits, targets, running] = [arrayOf('logits', rows * width), arrayOf('targets', rows, 'i32'), arrayOf('running', rows * runningWidth(teacher))];
  const teacherLogits = teacher ? [arrayOf('teacher', rows * width)] : [];
  const logSumExp = arrayOf('logSumExp', rows);
  const teacherTotals = teacher ? [arrayOf('studentLogSumExp', rows), arrayOf('teacherLogSumExp', rows)] : [];
  switch (of) {
    case 'part':
      return { inputs: [logits, ...teacherLogits, targets], outputs: [running] };
    case 'finish':
      return { inputs: [running, targets], outputs: [arrayOf('loss', rows), ...(teacher ? [arrayOf('divergence', rows)] : []), logSumExp, ...teacherTotals] };
    case 'gradient': {
      const ofDivergence = teacher ? [...teacherLogits, ...teacherTotals, arrayOf('ddivergence', rows)] : [];
      return { inputs: [targets, logSumExp, arrayOf('dloss', rows), ...ofDivergence], outputs: [logits] };
    }
  }
}

/** The kernel. */
export const vocabularyLoss: Kernel<VocabularyLossProblem> = {
  name: 'vocabulary-loss',
  pass: ({ of }) => (of === 'gradient' ? 'backward' : 'forward'),
  arrays,
  dispatches: ({ of, rows, width, start, vocabulary, teacher, temperature }, capabilities = everyAdapter): Dispatch<ArrayName<typeof arrays>>[] => {
    const label = `vocabulary-loss: ${of}`;
    if (of === 'finish') return rows === 0 ? [] : [dispatchOf(label, { rows, vocabulary }, finishShader(teacher), spreadThreads(rows, longItems))];
    if (rows * width === 0) return [];
    const [lanes, group] = [lanesOf(width), rowGroupOf(capabilities)];
    const parameters = { rows, rowItems: width / lanes, start, vocabulary, inverseTemperature: f32(1 / temperature) };
    const shader = of === 'part' ? partShader(teacher, lanes, group) : gradientShader(teacher, lanes, group);
    return [dispatchOf(label, parameters, shader, spread(rows))];
  },
  cost: (problem) => ({
    flops: (problem.teacher ? 10 : 3) * problem.rows * (problem.of === 'finish' ? 1 : problem.width),
    bytes: bytesOf(arrays(problem)) + (problem.of === 'gradient' ? 4 * problem.rows * problem.width : 0),
  }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
