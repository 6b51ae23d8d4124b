// Index of the greatest element of each row, the first on a tie.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, everyAdapter } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, longItems, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { ArgmaxProblem } from './problem.ts';
import { reference } from './reference.ts';
import { groupShader, threadShader } from './wgsl.ts';

/** From this width on a group shares a row (of f32; whole numbers are few). */
const groupFrom = 96;

const arrays = ({ type, rows, width }: ArgmaxProblem) => ({ inputs: [arrayOf('x', rows * width, type)], outputs: [arrayOf('y', rows, 'i32')] });

/** The kernel. */
export const argmax: Kernel<ArgmaxProblem> = {
  name: 'argmax',
  pass: () => 'forward',
  arrays,
  dispatches: ({ type, rows, width }, capabilities = everyAdapter): Dispatch<ArrayName<typeof arrays>>[] => {
    if (rows === 0) return [];
    if (type !== 'f32' || width < groupFrom) return [dispatchOf('argmax', { rows, rowItems: width }, threadShader(type), spreadThreads(rows, longItems))];
    const lanes = lanesOf(width);
    return [dispatchOf('argmax', { rows, rowItems: width / lanes }, groupShader(lanes, rowGroupOf(capabilities)), spread(rows))];
  },
  cost: ({ rows, width }) => ({ flops: rows * width, bytes: 4 * rows * (width + 1) }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
