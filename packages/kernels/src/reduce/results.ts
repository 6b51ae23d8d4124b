// Reductions by results: one thread for each where few elements meet, a group where many do.
import type { Dispatch } from '../kernel.ts';
import { product } from '../kernel.ts';
import type { RowGroup } from '../row-group.ts';
import { declare, itemMax, itemSum, longItems, pack, perThread, range, spread, spreadThreads, u } from '../shader.ts';
import { combine, startOf } from './combine.ts';
import { elementText, inQuads } from './elements.ts';
import type { ReduceProblem } from './problem.ts';
import { runsOf } from './runs.ts';

/** From this many elements on a group shares a result (of f32; whole numbers are few). */
const groupFrom = 96;

/** An expression that turns the index `name` into an offset over axes whose sizes and strides begin at parameters `sizes` and `strides`. */
function offsetOf(name: string, rank: number, sizes: number, strides: number): string {
  if (rank === 0) return '0u';
  const terms: string[] = [];
  let rest = name;
  for (let axis = rank - 1; axis >= 0; axis--) {
    terms.push(axis === 0 ? `(${rest}) * ${u(strides)}` : `((${rest}) % ${u(sizes + axis)}) * ${u(strides + axis)}`);
    rest = `(${rest}) / ${u(sizes + axis)}`;
  }
  return terms.join(' + ');
}

/**
 * The dispatch: arrays with elements first, then results. Sums of a thread run in order, those of a group in a fixed tree. Parameters:
 * results, items of each, sizes and strides of the runs that stay, of those that go; then the elements'.
 */
export function resultDispatch(problem: ReduceProblem, group: RowGroup): Dispatch {
  const { op, type, inputs, shape, axes } = problem;
  // Quads run along the last axis: it must be among those that go.
  const quads = type === 'f32' && axes.includes(shape.length - 1) ? inQuads(problem) : undefined;
  const runs = runsOf({ shape: (quads ?? problem).shape, axes });
  const [stay, go] = [runs.filter(({ goes }) => !goes), runs.filter(({ goes }) => goes)];
  const [results, each] = [stay, go].map((list) => product(list.map(({ size }) => size))) as [number, number];
  const text = elementText(quads ?? problem, type, quads !== undefined, 2 + 2 * runs.length);
  const parameters = pack([
    results,
    each,
    ...[stay, go].flatMap((list) => [...list.map(({ size }) => size), ...list.map(({ step }) => step)]),
    ...text.parameters,
  ]);
  const grouped = type === 'f32' && each * (quads ? 4 : 1) >= groupFrom;
  const bindings = [...text.bindings, { name: 'y', type, write: true }];
  const loop = (from: string, step: string): string => `  let base = ${offsetOf('i', stay.length, 2, 2 + stay.length)};
  var total = ${startOf(op, text.type)};
  for (var j = ${from}; j < ${u(1)}; j += ${step}) { let at = ${offsetOf('j', go.length, 2 + 2 * stay.length, 2 + 2 * stay.length + go.length)}; ${combine(op, 'total', 'element(base + at)')} }`;
  const own = (op === 'sum' ? itemSum : itemMax)(quads ? 4 : 1, 'total');
  const code = grouped
    ? `${declare(bindings, parameters.length, group.extensions)}${text.declaration}${group.reductions}${group.entry(
        u(0),
        `${loop('lane', 'groupThreads')}
  let result = ${op === 'sum' ? 'groupSum' : 'groupMax'}(${own}, lane);
  if (lane == 0u) { y[i] = result; }`,
      )}`
    : `${declare(bindings, parameters.length)}${text.declaration}${perThread(u(0), `${loop('0u', '1u')}\n  y[i] = ${own};`, longItems)}`;
  return {
    label: `reduce ${op}`,
    code,
    parameters,
    arrays: range(inputs.length + 1),
    writes: [inputs.length],
    workgroups: grouped ? spread(results) : spreadThreads(results, longItems),
  };
}
