// Rows of a table by id.
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf } from '../kernel.ts';
import { spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { GatherProblem } from './problem.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

const arrays = ({ type, rows, width, ids }: GatherProblem) => ({
  inputs: [arrayOf('table', rows * width, type), arrayOf('ids', ids, 'i32')],
  outputs: [arrayOf('y', ids * width, type)],
});

/** The kernel. */
export const gather: Kernel<GatherProblem> = {
  name: 'gather',
  pass: () => 'forward',
  arrays,
  dispatches: ({ type, rows, width, ids }): Dispatch<ArrayName<typeof arrays>>[] => {
    if (ids * width === 0) return [];
    const quads = width % 4 === 0;
    const rowItems = quads ? width / 4 : width;
    const items = ids * rowItems;
    return [dispatchOf('gather', { items, rowItems, rows }, shader(quads ? `vec4<${type}>` : type), spreadThreads(items))];
  },
  cost: ({ width, ids }) => ({ flops: 0, bytes: 4 * (2 * ids * width + ids) }),
  reference: (problem, [table, ids]): readonly Numbers[] => reference(problem, table!, ids!),
  cases,
};
