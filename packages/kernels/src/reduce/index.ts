// Sums and maxima of a chain's elements over any axes: columns of a matrix in slices of rows; else one thread per result where few elements
// meet, a group where many do.
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { elementBytes, everyAdapter, product } from '../kernel.ts';
import { rowGroupOf } from '../row-group.ts';
import { cases } from './cases.ts';
import { columnDispatches, slicesOf } from './columns.ts';
import { reference } from './reference.ts';
import { resultDispatch } from './results.ts';
import { runsOf } from './runs.ts';
import type { ReduceProblem } from './problem.ts';

const resultsOf = ({ shape, axes }: ReduceProblem): number => product(shape.filter((_, axis) => !axes.includes(axis)));

/** The matrix whose columns a problem reduces, where it is one of f32: whole numbers are few. */
function columnsOf(problem: ReduceProblem): { readonly rows: number; readonly width: number } | undefined {
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
    const columns = columnsOf(problem);
    const slices = columns ? slicesOf(columns.rows, capabilities) : 1;
    return {
      inputs: inputs.map((view) => ({ type: view.type, length: view.length })),
      outputs: [{ type, length: resultsOf(problem) }],
      ...(columns && slices > 1 ? { temporaries: [{ type, length: slices * columns.width }] } : {}),
    };
  },
  dispatches: (problem, capabilities = everyAdapter): Dispatch[] => {
    if (resultsOf(problem) === 0) return [];
    const columns = columnsOf(problem);
    return columns ? columnDispatches(problem, columns, capabilities) : [resultDispatch(problem, rowGroupOf(capabilities))];
  },
  cost: (problem) => {
    const { shape, steps, inputs } = problem;
    const elements = product(shape);
    return { flops: elements * (1 + steps.length), bytes: elements * inputs.reduce((sum, { type }) => sum + elementBytes(type), 0) + 4 * resultsOf(problem) };
  },
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
