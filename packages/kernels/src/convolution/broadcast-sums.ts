// What both broadcast shaders of convolutions share: a thread's sums, how a step adds to them, and how they are written.
import type { ItemType } from '../dispatch.ts';
import { broadcastTile } from '../matmul/broadcast.ts';
import { range } from '../shader.ts';

const { threads, rows, columns } = broadcastTile;

/** Declares a thread's sums s0, s1, ...: row by row, each with the thread's columns. */
export const zeroSums: readonly string[] = range(rows * columns).map((s) => `  var s${s} = 0.0f;`);

/**
 * Lines that load `steps` values of A along k for the rows that a thread of a subgroup of `size` holds: in one quad where `quads`.
 * `name` is of the loaded values, `index(l)` the place of load l's first one.
 */
export const loadRows = (size: number, steps: number, quads: boolean, name: string, index: (load: number) => string): string[] =>
  range(rows / size).flatMap((l) =>
    quads ? [`      let ${name}${l} = a[(${index(l)}) / 4u];`] : range(steps).map((s) => `      let ${name}${l}${s} = a[${index(l)} + ${s}u];`),
  );

/** Lines that add those steps to the sums: each row's value, as a broadcast, times the thread's own w(column)(step). */
export const addSteps = (size: number, steps: number, quads: boolean, name: string): string[] =>
  range(steps).flatMap((s) =>
    range(rows).map((r) => {
      const held = `${name}${Math.floor(r / size)}`;
      const value = `subgroupBroadcast(${quads ? `${held}[${s}]` : `${held}${s}`}, ${r % size}u)`;
      const sums = range(columns).map((c) => `s${r * columns + c} = fma(v, w${c}${s}, s${r * columns + c});`);
      return `      { let v = ${value}; ${sums.join(' ')} }`;
    }),
  );

/** Lines that write the sums that lie inside the result; `write(at, value)` is the statement. */
export const writeSums = (write: (at: string, value: string) => string): string[] => [
  `  var sums = array<f32, ${rows * columns}>(${range(rows * columns)
    .map((s) => `s${s}`)
    .join(', ')});`,
  `  for (var spot = 0u; spot < ${rows * columns}u; spot++) {`,
  `    let r = row + spot / ${columns}u; let q = column + lane + (spot % ${columns}u) * ${threads}u;`,
  `    if (r < m && q < n) { ${write('to + r * n + q', 'sums[spot]')} }`,
  '  }',
];

/** The arrays: A, in quads or not, B, and what is read as the result leaves. */
export const boundOperands = (quads: boolean, more: Readonly<Record<string, ItemType>> = {}) =>
  ({ reads: { a: quads ? 'vec4<f32>' : 'f32', b: 'f32', ...more }, writes: { y: 'f32' } }) as const;
