// Index of the greatest element of each row, the first on a tie: one thread per row, or a workgroup or a subgroup where rows are wide.
import type { ElementType, Kernel, Numbers } from '../kernel.ts';
import { everyAdapter } from '../kernel.ts';
import type { RowGroup } from '../row-group.ts';
import { rowGroupOf } from '../row-group.ts';
import type { Lanes } from '../shader.ts';
import { declare, itemMax, itemType, lanesOf, longItems, lowest, pack, perThread, spread, spreadThreads, u } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import type { ArgmaxProblem } from './problem.ts';

/** One thread per row. */
const threadShader = (type: ElementType, parameterCount: number): string =>
  `${declare(
    [
      { name: 'x', type },
      { name: 'y', type: 'i32', write: true },
    ],
    parameterCount,
  )}${perThread(
    u(0),
    `  let start = i * ${u(1)};
  var best = 0u;
  for (var j = 1u; j < ${u(1)}; j++) { if (x[start + j] > x[start + best]) { best = j; } }
  y[i] = i32(best);`,
    longItems,
  )}`;

/** A group per row: each thread keeps the first of its greatest; indices are below 2^24, so that a maximum over f32 finds the least of them. */
function groupShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const [type, whole] = [itemType(lanes), lanes === 1 ? 'u32' : `vec${lanes}<u32>`];
  const part = (name: string, c: number) => (lanes === 1 ? name : `${name}[${c}]`);
  return `${declare(
    [
      { name: 'x', type },
      { name: 'y', type: 'i32', write: true },
    ],
    parameterCount,
    extensions,
  )}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  var best = ${type}(${lowest});
  var at = ${whole}(lane);
  for (var j = lane; j < ${u(1)}; j += groupThreads) {
    let value = x[start + j];
    let more = value > best;
    best = select(best, value, more);
    at = select(at, ${whole}(j), more);
  }
  let top = groupMax(${itemMax(lanes, 'best')}, lane);
  var first = -16777216.0f;
${Array.from({ length: lanes }, (_, c) => `  if (${part('best', c)} == top) { first = max(first, -f32(${part('at', c)} * ${lanes}u + ${c}u)); }`).join('\n')}
  let found = groupMax(first, lane);
  if (lane == 0u) { y[i] = i32(-found); }`,
  )}`;
}

/** From this width on a group shares a row (of f32; whole numbers are few). */
const groupFrom = 96;

/** The kernel. */
export const argmax: Kernel<ArgmaxProblem> = {
  name: 'argmax',
  pass: () => 'forward',
  arrays: ({ type, rows, width }) => ({ inputs: [{ type, length: rows * width }], outputs: [{ type: 'i32', length: rows }] }),
  dispatches: ({ type, rows, width }, capabilities = everyAdapter) => {
    if (rows === 0) return [];
    const grouped = type === 'f32' && width >= groupFrom;
    const lanes = grouped ? lanesOf(width) : 1;
    const parameters = pack([rows, width / lanes]);
    const code = grouped ? groupShader(lanes, rowGroupOf(capabilities), parameters.length) : threadShader(type, parameters.length);
    return [{ label: 'argmax', code, parameters, arrays: [0, 1], writes: [1], workgroups: grouped ? spread(rows) : spreadThreads(rows, longItems) }];
  },
  cost: ({ rows, width }) => ({ flops: rows * width, bytes: 4 * rows * (width + 1) }),
  reference: (problem, [x]): readonly Numbers[] => reference(problem, x!),
  cases,
};
