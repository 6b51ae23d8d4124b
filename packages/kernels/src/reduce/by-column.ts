// Reductions of the columns of a matrix: slices of rows first, then their results, so that neighbours in memory are read by neighbouring threads.
import { dispatchOf, onArrays, shaderOf } from '../dispatch.ts';
import type { Capabilities, Dispatch } from '../kernel.ts';
import { denseView } from '../map/problem.ts';
import { longItems, perThread, range, spreadThreads } from '../shader.ts';
import { combine, startOf } from './combine.ts';
import type { ElementText } from './elements.ts';
import { elementText, inQuads } from './elements.ts';
import type { Elements, ReduceProblem } from './problem.ts';

/** How a matrix is cut: rows of a slice, columns (or quads) of a thread, and items of a workgroup. */
interface Cut {
  readonly rows: number;
  readonly columns: 1 | 4;
  readonly items: number;
}

/** A matrix whose columns are reduced. */
export interface Matrix {
  readonly rows: number;
  readonly width: number;
}

/** A GPU has threads for every column; a processor reads longer stretches of a row before it goes to the next. */
const cutOf = ({ software }: Capabilities): Cut => (software ? { rows: 64, columns: 4, items: 16 } : { rows: 32, columns: 1, items: longItems });

/** Neighbouring threads, whose columns are neighbours: a number that divides all numbers of threads. */
const neighbours = 8;

/** Slices of a matrix's rows. */
export const slicesOf = (rows: number, capabilities: Capabilities): number => Math.ceil(rows / cutOf(capabilities).rows);

/** Each thread takes `columns` columns of a slice. Parameters: items, sliceItems, rows, sliceRows, columns; then the elements'. */
function shader(op: ReduceProblem['op'], { reads, type, declaration }: ElementText, { columns, items }: Cut) {
  const each = (line: (k: number) => string): string => range(columns).map(line).join('\n');
  // Where columns end, the last one is read again.
  const place = (k: number): string => (k === 0 ? 'first' : `min(first + ${k * neighbours}u, parameters.columns - 1u)`);
  const inside = (k: number, line: string): string => (k === 0 ? line : `if (first + ${k * neighbours}u < parameters.columns) { ${line} }`);
  return shaderOf({
    reads,
    writes: { y: type },
    code: `${declaration}${perThread(
      'parameters.items',
      `  let column = i % parameters.sliceItems;
  let slice = i / parameters.sliceItems;
  let first = ${columns === 1 ? 'column' : `(column / ${neighbours}u) * ${columns * neighbours}u + column % ${neighbours}u`};
  if (first >= parameters.columns) { return; }
${each((k) => `  let at${k} = ${place(k)}; var total${k} = ${startOf(op, type)};`)}
  for (var r = slice * parameters.sliceRows; r < min(parameters.rows, (slice + 1u) * parameters.sliceRows); r++) {
    let row = r * parameters.columns;
${each((k) => `    ${combine(op, `total${k}`, `element(row + at${k})`)}`)}
  }
${each((k) => `  ${inside(k, `y[slice * parameters.columns + at${k}] = total${k};`)}`)}`,
      items,
    )}`,
  });
}

/** One pass over a matrix of elements, `sliceRows` rows a slice: what it leaves are the results where one slice has all rows. */
function passOf(label: string, { op, type }: ReduceProblem, elements: Elements, { rows, width }: Matrix, sliceRows: number, cut: Cut): Dispatch {
  const quads = inQuads(elements);
  const text = elementText(quads ?? elements, type, quads !== undefined);
  const columns = quads ? width / 4 : width;
  const sliceItems = cut.columns === 1 ? columns : Math.ceil(columns / (cut.columns * neighbours)) * neighbours;
  const items = Math.ceil(rows / sliceRows) * sliceItems;
  const parameters = { items, sliceItems, rows, sliceRows, columns, ...text.parameters };
  return dispatchOf(`reduce ${op}: ${label}`, parameters, shader(op, text, cut), spreadThreads(items, cut.items));
}

/** The dispatches: `x0`, `x1`, ... -> `y`, results of slices in `slices` between. */
export function columnDispatches(problem: ReduceProblem, matrix: Matrix, capabilities: Capabilities): Dispatch[] {
  const cut = cutOf(capabilities);
  const { rows, width } = matrix;
  const slices = slicesOf(rows, capabilities);
  if (slices === 1) return [passOf('columns', problem, problem, matrix, rows, cut)];
  const sliceResults = { shape: [slices, width], inputs: [denseView([slices, width], problem.type)], steps: [] };
  return [
    onArrays(passOf('slices', problem, problem, matrix, cut.rows, cut), { y: 'slices' }),
    onArrays(passOf('columns', problem, sliceResults, { rows: slices, width }, slices, cut), { x0: 'slices' }),
  ];
}
