// Rows summed into a table by id, without atomics: each id's rows form a chain that one thread walks in order.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf } from '../kernel.ts';
import { spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { ScatterAddProblem } from './problem.ts';
import { reference } from './reference.ts';
import { addShader, idsOfGroup, linkShader, zeroShader, zerosOfGroup } from './wgsl.ts';

const arrays = ({ type, rows, width, ids }: ScatterAddProblem) => ({
  inputs: [arrayOf('updates', ids * width, type), arrayOf('ids', ids, 'i32')],
  outputs: [arrayOf('y', rows * width, type)],
  temporaries: [arrayOf('chain', ids, 'i32')],
});

type ScatterAddDispatch = Dispatch<ArrayName<typeof arrays>>;

function zeros({ type, rows, width }: ScatterAddProblem): ScatterAddDispatch {
  const quads = (rows * width) % 4 === 0;
  const items = quads ? (rows * width) / 4 : rows * width;
  const groups = Math.ceil(items / zerosOfGroup);
  return { ...dispatchOf('scatter-add: zero', { items, groups }, zeroShader(quads ? `vec4<${type}>` : type), spread(groups)), clears: true };
}

function chains({ rows, ids }: ScatterAddProblem): ScatterAddDispatch {
  const groups = Math.ceil(ids / idsOfGroup);
  return dispatchOf('scatter-add: chains', { count: ids, rows, groups }, linkShader(), spread(groups));
}

function sums({ type, rows, width, ids }: ScatterAddProblem): ScatterAddDispatch {
  const lanes = width % 4 === 0 ? 4 : 1;
  const rowItems = width / lanes;
  const items = ids * rowItems;
  return dispatchOf('scatter-add: sums', { items, rowItems, rows }, addShader(lanes === 4 ? `vec4<${type}>` : type), spreadThreads(items));
}

/** The kernel. Sums of a row run in the order of the ids. */
export const scatterAdd: Kernel<ScatterAddProblem> = {
  name: 'scatter-add',
  pass: () => 'backward',
  arrays,
  dispatches: (problem): ScatterAddDispatch[] => {
    const { rows, width, ids } = problem;
    if (rows * width === 0) return [];
    return ids === 0 ? [zeros(problem)] : [zeros(problem), chains(problem), sums(problem)];
  },
  cost: ({ rows, width, ids }) => ({ flops: ids * width, bytes: 4 * (ids * width + rows * width + ids) }),
  reference: (problem, [updates, ids]): readonly Numbers[] => reference(problem, updates!, ids!),
  cases,
};
