// Sums and maxima over any axes: columns of a matrix in slices of rows; else one thread per result where few elements meet, one
// workgroup where many do.
import type { ElementType, Kernel, Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import { longItems, pack, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { columnDispatches, matrixOf, slicesOf } from './columns.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

/** A reduction: sizes and strides of the axes that stay, and of those that go. Results are dense in the order of the kept axes. */
export interface ReduceProblem {
  readonly op: 'sum' | 'max';
  readonly type: Exclude<ElementType, 'f16'>;
  /** Whether the elements are stored as f16; sums and results are f32. */
  readonly half?: boolean;
  readonly length: number;
  readonly kept: readonly number[];
  readonly keptStrides: readonly number[];
  readonly reduced: readonly number[];
  readonly reducedStrides: readonly number[];
}

/** From this many elements per result on, a workgroup shares the work (of f32; whole numbers are few). */
const groupFrom = 96;

/** The kernel. */
export const reduce: Kernel<ReduceProblem> = {
  name: 'reduce',
  pass: () => 'forward',
  arrays: (problem) => {
    const { type, length, kept, half } = problem;
    const matrix = matrixOf(problem);
    const slices = matrix ? slicesOf(matrix.rows) : 1;
    return {
      inputs: [{ type: half ? 'f16' : type, length }],
      outputs: [{ type, length: product(kept) }],
      ...(matrix && slices > 1 ? { temporaries: [{ type, length: slices * matrix.width }] } : {}),
    };
  },
  dispatches: (problem) => {
    const [results, each] = [product(problem.kept), product(problem.reduced)];
    if (results === 0) return [];
    const matrix = matrixOf(problem);
    if (matrix) return columnDispatches(problem, matrix);
    const parameters = pack([results, each, ...problem.kept, ...problem.keptStrides, ...problem.reduced, ...problem.reducedStrides]);
    const grouped = each >= groupFrom && problem.type === 'f32';
    return [
      {
        label: `reduce ${problem.op}`,
        code: shader(problem, grouped, parameters.length),
        parameters,
        arrays: [0, 1],
        writes: [1],
        workgroups: grouped ? spread(results) : spreadThreads(results, longItems),
      },
    ];
  },
  cost: ({ kept, reduced, length, half }) => ({ flops: product(kept) * product(reduced), bytes: (half ? 2 : 4) * length + 4 * product(kept) }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
