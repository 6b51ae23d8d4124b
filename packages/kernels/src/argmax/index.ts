// Index of the greatest element of each row, the first on a tie: one thread per row.
import type { ElementType, Kernel, Numbers } from '../kernel.ts';
import { declare, longItems, pack, perThread, spreadThreads, u } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';

/** Rows of `width` elements. */
export interface ArgmaxProblem {
  readonly type: ElementType;
  readonly rows: number;
  readonly width: number;
}

/** The shader. */
export const shader = (type: ElementType, parameterCount: number): string =>
  `${declare(
    [
      { name: 'x', type },
      { name: 'y', type: 'i32', write: true },
    ],
    parameterCount,
  )}${perThread(
    u(0),
    `  let start = i * ${u(1)};
  var best = 0u;
  for (var j = 1u; j < ${u(1)}; j++) { if (x[start + j] > x[start + best]) { best = j; } }
  y[i] = i32(best);`,
    longItems,
  )}`;

/** The kernel. */
export const argmax: Kernel<ArgmaxProblem> = {
  name: 'argmax',
  pass: () => 'forward',
  arrays: ({ type, rows, width }) => ({ inputs: [{ type, length: rows * width }], outputs: [{ type: 'i32', length: rows }] }),
  dispatches: ({ type, rows, width }) => {
    if (rows === 0) return [];
    const parameters = pack([rows, width]);
    return [{ label: 'argmax', code: shader(type, parameters.length), parameters, arrays: [0, 1], writes: [1], workgroups: spreadThreads(rows, longItems) }];
  },
  cost: ({ rows, width }) => ({ flops: rows * width, bytes: 4 * rows * (width + 1) }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
