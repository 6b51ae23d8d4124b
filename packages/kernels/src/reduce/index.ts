// Sums and maxima of a chain's elements over any axes: columns of a matrix in slices of rows; else one thread per result where few elements
// meet, a group where many do.
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, elementBytes, everyAdapter, sizeOf, sumOf } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import type { Matrix } from './by-column.ts';
import { columnDispatches, slicesOf } from './by-column.ts';
import { resultDispatch } from './by-result.ts';
import { cases } from './cases.ts';
import type { ReduceProblem } from './problem.ts';
import { reference } from './reference.ts';
import { runsOf } from './runs.ts';

const resultsOf = ({ shape, axes }: ReduceProblem): number => sizeOf(shape.filter((_, axis) => !axes.includes(axis)));

/** The matrix whose columns a problem reduces, where it is one of f32: whole numbers are few. */
function matrixOf(problem: ReduceProblem): Matrix | undefined {
  const [outer, inner, ...others] = runsOf(problem);
  const columns = problem.type === 'f32' && outer?.goes && inner && others.length === 0 && outer.size * inner.size > 0;
  return columns ? { rows: outer.size, width: inner.size } : undefined;
}

/** The kernel. */
export const reduce: Kernel<ReduceProblem> = {
  name: 'reduce',
  pass: () => 'forward',
  arrays: (problem, capabilities = everyAdapter) => {
    const { type, inputs } = problem;
    const matrix = matrixOf(problem);
    const slices = matrix ? slicesOf(matrix.rows, capabilities) : 1;
    return {
      inputs: inputs.map((view, i) => arrayOf(`x${i}`, view.length, view.type)),
      outputs: [arrayOf('y', resultsOf(problem), type)],
      ...(matrix && slices > 1 ? { temporaries: [arrayOf('slices', slices * matrix.width, type)] } : {}),
    };
  },
  dispatches: (problem, capabilities = everyAdapter): Dispatch[] => {
    if (resultsOf(problem) === 0) return [];
    const matrix = matrixOf(problem);
    return matrix ? columnDispatches(problem, matrix, capabilities) : [resultDispatch(problem, rowGroupOf(capabilities))];
  },
  cost: (problem) => {
    const { shape, steps, inputs } = problem;
    const elements = sizeOf(shape);
    return { flops: elements * (1 + steps.length), bytes: elements * sumOf(inputs, ({ type }) => elementBytes(type)) + 4 * resultsOf(problem) };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
