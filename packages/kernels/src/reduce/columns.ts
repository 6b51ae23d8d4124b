// Reductions of the columns of a matrix: slices of rows first, then their results, so that neighbours in memory are read together.
import type { Dispatch } from '../kernel.ts';
import { declare, longItems, pack, perThread, range, spreadThreads, u } from '../shader.ts';
import type { Elements } from './elements.ts';
import { dense, elementText, inQuads } from './elements.ts';
import type { ReduceProblem } from './index.ts';
import { combine, startOf } from './combine.ts';

/** Rows that one thread reduces. */
const sliceRows = 32;

/** Slices of a matrix's rows. */
export const slicesOf = (rows: number): number => Math.ceil(rows / sliceRows);

/** The dispatches: arrays with elements first, then results, results of slices. */
export function columnDispatches(problem: ReduceProblem, { rows, width }: { readonly rows: number; readonly width: number }): Dispatch[] {
  const { op, type, inputs } = problem;
  const results = inputs.length;
  /** One thread per column, or quad of them, and slice. Parameters: items, items of a row, rows, rows of a slice; then the elements'. */
  const pass = (label: string, elements: Elements, from: readonly number[], to: number, height: number, depth: number): Dispatch => {
    const quads = inQuads(elements);
    const text = elementText(quads ?? elements, type, quads !== undefined, 4);
    const across = quads ? width / 4 : width;
    const items = Math.ceil(height / depth) * across;
    const parameters = pack([items, across, height, depth, ...text.parameters]);
    const code = `${declare([...text.bindings, { name: 'y', type: text.type, write: true }], parameters.length)}${text.declaration}${perThread(
      u(0),
      `  let column = i % ${u(1)};
  let begin = (i / ${u(1)}) * ${u(3)};
  var total = ${startOf(op, text.type)};
  for (var r = begin; r < min(${u(2)}, begin + ${u(3)}); r++) { ${combine(op, `element(r * ${u(1)} + column)`)} }
  y[i] = total;`,
      longItems,
    )}`;
    return { label: `reduce ${op}: ${label}`, code, parameters, arrays: [...from, to], writes: [to], workgroups: spreadThreads(items, longItems) };
  };
  const slices = slicesOf(rows);
  if (slices === 1) return [pass('columns', problem, range(results), results, rows, rows)];
  return [
    pass('slices', problem, range(results), results + 1, rows, sliceRows),
    pass('columns', dense([slices, width], type), [results + 1], results, slices, slices),
  ];
}
