// Rows summed into a table by id, without atomics: each id's rows form a chain that one thread walks in order.
import type { Kernel, Numbers } from '../kernel.ts';
import { pack, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { addShader, idsOfGroup, linkShader, zeroShader, zerosOfGroup } from './wgsl.ts';
import type { ScatterAddProblem } from './problem.ts';

/** The kernel. Sums of a row run in the order of the ids. */
export const scatterAdd: Kernel<ScatterAddProblem> = {
  name: 'scatter-add',
  pass: () => 'backward',
  arrays: ({ type, rows, width, ids }) => ({
    inputs: [
      { type, length: ids * width },
      { type: 'i32', length: ids },
    ],
    outputs: [{ type, length: rows * width }],
    temporaries: [{ type: 'i32', length: ids }],
  }),
  dispatches: ({ type, rows, width, ids }) => {
    if (rows * width === 0) return [];
    const quads = (rows * width) % 4 === 0;
    const items = quads ? (rows * width) / 4 : rows * width;
    const zero = pack([items, Math.ceil(items / zerosOfGroup)]);
    const first = {
      label: 'scatter-add: zero',
      code: zeroShader(quads ? `vec4<${type}>` : type, zero.length),
      parameters: zero,
      arrays: [2],
      writes: [2],
      workgroups: spread(zero[1]!),
      clears: true,
    };
    if (ids === 0) return [first];
    const lanes = width % 4 === 0 ? 4 : 1;
    const [link, add] = [pack([ids, rows, Math.ceil(ids / idsOfGroup)]), pack([(ids * width) / lanes, width / lanes, rows])];
    return [
      first,
      { label: 'scatter-add: chains', code: linkShader(link.length), parameters: link, arrays: [1, 3], writes: [3], workgroups: spread(link[2]!) },
      {
        label: 'scatter-add: sums',
        code: addShader(lanes === 4 ? `vec4<${type}>` : type, add.length),
        parameters: add,
        arrays: [0, 1, 3, 2],
        writes: [2],
        workgroups: spreadThreads((ids * width) / lanes),
      },
    ];
  },
  cost: ({ rows, width, ids }) => ({ flops: ids * width, bytes: 4 * (ids * width + rows * width + ids) }),
  reference: (problem, [updates, ids]): readonly Numbers[] => reference(problem, updates!, ids!),
  cases,
};
