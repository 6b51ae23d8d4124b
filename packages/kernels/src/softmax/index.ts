// Softmax and its logarithm over rows: a workgroup's or a subgroup's threads per row.
import type { Kernel, Numbers } from '../kernel.ts';
import { everyAdapter } from '../kernel.ts';
import type { RowGroup } from '../row-group.ts';
import { rowGroupOf } from '../row-group.ts';
import type { Lanes } from '../shader.ts';
import { rowTotals } from '../row-totals.ts';
import { declare, itemType, lanesOf, pack, spread, u } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import type { SoftmaxProblem } from './problem.ts';

/** The shader: greatest element and sum of exponentials, then results; two passes over the row. */
export function shader(log: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const result = log ? 'x[start + j] - greatest - logTotal' : 'exp(x[start + j] - greatest) / total';
  return `${declare(
    [
      { name: 'x', type },
      { name: 'y', type, write: true },
    ],
    parameterCount,
    extensions,
  )}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
${rowTotals('', lanes, (j) => `x[start + ${j}]`)}
  ${log ? 'let logTotal = log(total);' : ''}
  for (var j = lane; j < ${u(1)}; j += groupThreads) { y[start + j] = ${result}; }`,
  )}`;
}

/** The kernel. */
export const softmax: Kernel<SoftmaxProblem> = {
  name: 'softmax',
  pass: () => 'forward',
  arrays: ({ rows, width }) => ({ inputs: [{ type: 'f32', length: rows * width }], outputs: [{ type: 'f32', length: rows * width }] }),
  dispatches: ({ rows, width, log }, capabilities = everyAdapter) => {
    if (rows * width === 0) return [];
    const lanes = lanesOf(width);
    const parameters = pack([rows, width / lanes]);
    return [
      {
        label: log ? 'log-softmax' : 'softmax',
        code: shader(log, lanes, rowGroupOf(capabilities), parameters.length),
        parameters,
        arrays: [0, 1],
        writes: [1],
        workgroups: spread(rows),
      },
    ];
  },
  cost: ({ rows, width }) => ({ flops: 4 * rows * width, bytes: 8 * rows * width }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
