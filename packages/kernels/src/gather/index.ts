// Rows of a table by id.
import type { ElementType, Kernel, Numbers } from '../kernel.ts';
import { declare, pack, perThread, spreadThreads, u } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import type { GatherProblem } from './problem.ts';

/** The shader: one thread per element, or per quad of them. Parameters: items, items of a row, rows. */
export function shader(type: ElementType, quads: boolean, parameterCount: number): string {
  const item = quads ? (`vec4<${type}>` as const) : type;
  const bindings = [
    { name: 'rows', type: item },
    { name: 'ids', type: 'i32' as const },
    { name: 'y', type: item, write: true },
  ];
  return `${declare(bindings, parameterCount)}${perThread(u(0), `  let row = u32(clamp(ids[i / ${u(1)}], 0, i32(${u(2)}) - 1));\n  y[i] = rows[row * ${u(1)} + i % ${u(1)}];`)}`;
}

/** The kernel. */
export const gather: Kernel<GatherProblem> = {
  name: 'gather',
  pass: () => 'forward',
  arrays: ({ type, rows, width, ids }) => ({
    inputs: [
      { type, length: rows * width },
      { type: 'i32', length: ids },
    ],
    outputs: [{ type, length: ids * width }],
  }),
  dispatches: ({ type, rows, width, ids }) => {
    if (ids * width === 0) return [];
    const quads = width % 4 === 0;
    const across = quads ? width / 4 : width;
    const parameters = pack([ids * across, across, rows]);
    return [
      { label: 'gather', code: shader(type, quads, parameters.length), parameters, arrays: [0, 1, 2], writes: [2], workgroups: spreadThreads(ids * across) },
    ];
  },
  cost: ({ width, ids }) => ({ flops: 0, bytes: 4 * (2 * ids * width + ids) }),
  reference: (problem, [table, ids]): readonly Numbers[] => reference(problem, table!, ids!),
  cases,
};
