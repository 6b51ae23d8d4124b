// Reductions of the columns of a matrix: slices of rows first, then their results, so that neighbours in memory are read together.
import type { Capabilities, Dispatch } from '../kernel.ts';
import { declare, longItems, pack, perThread, range, spreadThreads, u } from '../shader.ts';
import { combine, startOf } from './combine.ts';
import type { Elements, ReduceProblem } from './problem.ts';
import type { ElementText } from './elements.ts';
import { dense, elementText, inQuads } from './elements.ts';

/** How a matrix is cut: rows of a slice, columns (or quads) of a thread, and threads' shares of a workgroup. */
interface Cut {
  readonly rows: number;
  readonly columns: 1 | 4;
  readonly items: number;
}

/** A GPU has threads for every column; a processor reads longer stretches of a row before it goes to the next. */
const cutOf = ({ software }: Capabilities): Cut => (software ? { rows: 64, columns: 4, items: 16 } : { rows: 32, columns: 1, items: longItems });

/** Neighbouring threads, whose columns are neighbours: a number that divides all numbers of threads. */
const neighbours = 8;

/** Slices of a matrix's rows. */
export const slicesOf = (rows: number, capabilities: Capabilities): number => Math.ceil(rows / cutOf(capabilities).rows);

/** The shader. Parameters: items, items of a slice, rows, rows of a slice, columns; then the elements'. */
function shader(op: ReduceProblem['op'], { bindings, type, declaration, parameters }: ElementText, columns: number, items: number): string {
  const each = (line: (k: number) => string): string => range(columns).map(line).join('\n');
  // Where columns end, the last one is read again.
  const place = (k: number): string => (k === 0 ? 'first' : `min(first + ${k * neighbours}u, ${u(4)} - 1u)`);
  return `${declare([...bindings, { name: 'y', type, write: true }], parameters.length + 5)}${declaration}${perThread(
    u(0),
    `  let column = i % ${u(1)};
  let slice = i / ${u(1)};
  let first = ${columns === 1 ? 'column' : `(column / ${neighbours}u) * ${columns * neighbours}u + column % ${neighbours}u`};
  if (first >= ${u(4)}) { return; }
${each((k) => `  let at${k} = ${place(k)}; var total${k} = ${startOf(op, type)};`)}
  for (var r = slice * ${u(3)}; r < min(${u(2)}, (slice + 1u) * ${u(3)}); r++) {
    let row = r * ${u(4)};
${each((k) => `    ${combine(op, `total${k}`, `element(row + at${k})`)}`)}
  }
${each((k) => `  ${k === 0 ? '' : `if (first + ${k * neighbours}u < ${u(4)}) { `}y[slice * ${u(4)} + at${k}] = total${k};${k === 0 ? '' : ' }'}`)}`,
    items,
  )}`;
}

/** The dispatches: arrays with elements first, then results, results of slices. */
export function columnDispatches(
  problem: ReduceProblem,
  { rows, width }: { readonly rows: number; readonly width: number },
  capabilities: Capabilities,
): Dispatch[] {
  const { op, type, inputs } = problem;
  const cut = cutOf(capabilities);
  const results = inputs.length;
  const pass = (label: string, elements: Elements, from: readonly number[], to: number, height: number, depth: number): Dispatch => {
    const quads = inQuads(elements);
    const text = elementText(quads ?? elements, type, quads !== undefined, 5);
    const across = quads ? width / 4 : width;
    const share = cut.columns === 1 ? across : Math.ceil(across / (cut.columns * neighbours)) * neighbours;
    const items = Math.ceil(height / depth) * share;
    const parameters = pack([items, share, height, depth, across, ...text.parameters]);
    const code = shader(op, text, cut.columns, cut.items);
    return { label: `reduce ${op}: ${label}`, code, parameters, arrays: [...from, to], writes: [to], workgroups: spreadThreads(items, cut.items) };
  };
  const slices = slicesOf(rows, capabilities);
  if (slices === 1) return [pass('columns', problem, range(results), results, rows, rows)];
  return [
    pass('slices', problem, range(results), results + 1, rows, cut.rows),
    pass('columns', dense([slices, width], type), [results + 1], results, slices, slices),
  ];
}
