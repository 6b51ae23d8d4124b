// Reductions of the columns of a matrix: slices of rows first, then their results, so that neighbours in memory are read together.
import type { Dispatch } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import type { Lanes } from '../shader.ts';
import { declare, halfType, itemType, lanesOf, longItems, lowest, pack, perThread, spreadThreads, u } from '../shader.ts';
import type { ReduceProblem } from './index.ts';

/** Rows that one thread reduces. */
const sliceRows = 32;

/** The matrix whose columns a problem reduces, where it is one of f32. */
export function matrixOf({ type, length, kept, keptStrides, reduced, reducedStrides }: ReduceProblem): { rows: number; width: number } | undefined {
  const [rows, width] = [product(reduced), product(kept)];
  const same = (sizes: readonly number[], strides: readonly number[], step: number): boolean =>
    stridesOf(sizes).every((stride, axis) => sizes[axis] === 1 || strides[axis] === stride * step);
  const whole = length === rows * width && rows > 1 && width > 1;
  return type === 'f32' && whole && same(kept, keptStrides, 1) && same(reduced, reducedStrides, width) ? { rows, width } : undefined;
}

/** Slices of a matrix's rows. */
export const slicesOf = (rows: number): number => Math.ceil(rows / sliceRows);

/** One thread per column, or few neighbours, and slice. Parameters: items, items of a row, rows, rows of a slice. */
function shader(op: ReduceProblem['op'], half: boolean, lanes: Lanes, parameterCount: number): string {
  const type = itemType(lanes);
  const element = `x[r * ${u(1)} + column]`;
  const at = half ? `${type}(${element})` : element;
  const bindings = [
    { name: 'x', type: half ? halfType(lanes) : type },
    { name: 'y', type, write: true },
  ];
  return `${declare(bindings, parameterCount)}${perThread(
    u(0),
    `  let column = i % ${u(1)};
  let begin = (i / ${u(1)}) * ${u(3)};
  var total = ${type}(${op === 'sum' ? '0.0f' : lowest});
  for (var r = begin; r < min(${u(2)}, begin + ${u(3)}); r++) { total = ${op === 'sum' ? `total + ${at}` : `max(total, ${at})`}; }
  y[i] = total;`,
    longItems,
  )}`;
}

/** The dispatches: x 0, results 1, results of slices 2. */
export function columnDispatches({ op, half = false }: Pick<ReduceProblem, 'op' | 'half'>, { rows, width }: { rows: number; width: number }): Dispatch[] {
  const lanes = lanesOf(width);
  const across = width / lanes;
  const pass = (label: string, from: number, to: number, height: number, slices: number, depth: number): Dispatch => {
    const parameters = pack([slices * across, across, height, depth]);
    const code = shader(op, half && from === 0, lanes, parameters.length);
    return { label: `reduce ${op}: ${label}`, code, parameters, arrays: [from, to], writes: [to], workgroups: spreadThreads(slices * across, longItems) };
  };
  const slices = slicesOf(rows);
  if (slices === 1) return [pass('columns', 0, 1, rows, 1, rows)];
  return [pass('slices', 0, 2, rows, slices, sliceRows), pass('columns', 2, 1, slices, 1, slices)];
}
