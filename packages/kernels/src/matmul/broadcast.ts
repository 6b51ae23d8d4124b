// The tier of software adapters with subgroups of a known size: each thread has its own columns, and the rows' elements, loaded
// once by a subgroup, reach its threads as broadcasts. A processor's gathering loads cost more than anything else here.
import { shaderOf } from '../dispatch.ts';
import { perTile, range } from '../shader.ts';
import type { Operand } from './problem.ts';
import type { TierText } from './tile.ts';
import { boundArrays, tileStart, writer } from './tile.ts';

/** Threads of a workgroup, rows of its tile, columns of a thread. */
export const broadcastTile = { threads: 16, rows: 16, columns: 2 } as const;

const { threads, rows, columns } = broadcastTile;
const four = [0, 1, 2, 3] as const;

/** How an operand's elements are had: lines before the loop, lines of a step over `steps` values of k from `p` on, and a value's name. */
interface Fragment {
  readonly width: 1 | 2 | 4;
  readonly setup: readonly string[];
  load(steps: number): string[];
  value(outer: number, step: number): string;
}

const wide = ({ type }: Operand, width: 2 | 4, load: string): string => (type === 'f16' ? `vec${width}<f32>(${load})` : load);
const single = ({ type }: Operand, load: string): string => (type === 'f16' ? `f32(${load})` : load);

/** A's rows, shared by a subgroup of `size` threads. */
function rowsFragment(a: Operand, size: number, ragged: boolean): Fragment {
  const loads = range(rows / size);
  if (a.along === 'k') {
    const setup = loads.map((l) => `  let a${l} = at + min(row + ${l * size}u + sublane, m - 1u) * k;`);
    const value = (name: string, r: number) => `subgroupBroadcast(${name}, ${r % size}u)`;
    if (a.quads && !ragged)
      return {
        width: 4,
        setup,
        load: () => loads.map((l) => `    let x${l} = ${wide(a, 4, `a[(a${l} + p) / 4u]`)};`),
        value: (r, s) => value(`x${Math.floor(r / size)}[${s}]`, r),
      };
    return {
      width: 1,
      setup,
      load: (steps) => loads.flatMap((l) => range(steps).map((s) => `    let x${l}${s} = ${single(a, `a[a${l} + p + ${s}u]`)};`)),
      value: (r, s) => value(`x${Math.floor(r / size)}${s}`, r),
    };
  }
  if (!a.quads)
    return {
      width: 1,
      setup: loads.map((l) => `  let a${l} = at + min(row + ${l * size}u + sublane, m - 1u);`),
      load: (steps) => loads.flatMap((l) => range(steps).map((s) => `    let x${l}${s} = ${single(a, `a[a${l} + (p + ${s}u) * m]`)};`)),
      value: (r, s) => `subgroupBroadcast(x${Math.floor(r / size)}${s}, ${r % size}u)`,
    };
  // Four threads hold the four steps of a quad of rows.
  const quads = size / 4;
  return {
    width: 4,
    setup: loads.map((l) => `  let a${l} = (at + min(row + ${4 * quads * l}u + (sublane / 4u) * 4u, m - 4u)) / 4u;`),
    load: () => loads.map((l) => `    let x${l} = ${wide(a, 4, `a[a${l} + min(p + sublane % 4u, k - 1u) * (m / 4u)]`)};`),
    value: (r, s) => `subgroupBroadcast(x${Math.floor(r / size)}[${r % 4}], ${Math.floor((r % size) / 4) * 4 + s}u)`,
  };
}

/** B's columns, a thread's own. */
function columnsFragment(b: Operand, n: string, ragged: boolean): Fragment {
  const each = range(columns);
  if (b.along === 'k') {
    const setup = each.map((c) => `  let b${c} = bt + min(column + lane + ${c * threads}u, n - 1u) * k;`);
    if (b.quads && !ragged)
      return { width: 4, setup, load: () => each.map((c) => `    let w${c} = ${wide(b, 4, `b[(b${c} + p) / 4u]`)};`), value: (c, s) => `w${c}[${s}]` };
    return {
      width: 1,
      setup,
      load: (steps) => each.flatMap((c) => range(steps).map((s) => `    let w${c}${s} = ${single(b, `b[b${c} + p + ${s}u]`)};`)),
      value: (c, s) => `w${c}${s}`,
    };
  }
  if (b.quads)
    return {
      width: 2,
      setup: ['  let b0 = (bt + min(column + lane * 2u, n - 2u)) / 2u;'],
      load: (steps) => range(steps).map((s) => `    let w${s} = ${wide(b, 2, `b[b0 + (p + ${s}u) * (n / 2u)]`)};`),
      value: (c, s) => `w${s}[${c}]`,
    };
  return {
    width: 1,
    setup: each.map((c) => `  let b${c} = bt + min(column + lane + ${c * threads}u, n - 1u);`),
    load: (steps) => each.flatMap((c) => range(steps).map((s) => `    let w${c}${s} = ${single(b, `b[b${c} + (p + ${s}u) * ${n}]`)};`)),
    value: (c, s) => `w${c}${s}`,
  };
}

/** The shader, for subgroups of `size` threads (4, 8 or 16). */
export function broadcastShader(text: TierText, size: number) {
  const [a, b] = text.operands;
  const [left, right] = [rowsFragment(a, size, text.ragged), columnsFragment(b, 'n', text.ragged)];
  const sums = (r: number, c: number) => `s${r * columns + c}`;
  const step = (steps: number) => [
    ...left.load(steps),
    ...right.load(steps),
    ...range(steps).flatMap((s) =>
      range(rows).map(
        (r) =>
          `    { let v = ${left.value(r, s)}; ${range(columns)
            .map((c) => `${sums(r, c)} = fma(v, ${right.value(c, s)}, ${sums(r, c)});`)
            .join(' ')} }`,
      ),
    ),
  ];
  const own = b.along === 'outer' && b.quads ? `lane * 2u + spot % ${columns}u` : `lane + (spot % ${columns}u) * ${threads}u`;
  const body = [
    tileStart(text.rank, rows, threads * columns),
    ...left.setup,
    ...right.setup,
    ...range(rows * columns).map((s) => `  var s${s} = 0.0f;`),
    '  var p = begin;',
    '  for (; p + 4u <= end; p += 4u) {',
    ...step(four.length),
    '  }',
    ...(text.ragged ? ['  for (; p < end; p++) {', ...step(1), '  }'] : []),
    `  var sums = array<f32, ${rows * columns}>(${range(rows * columns)
      .map((s) => `s${s}`)
      .join(', ')});`,
    `  for (var spot = 0u; spot < ${rows * columns}u; spot++) {`,
    `    let r = row + spot / ${columns}u; let c = column + ${own};`,
    '    if (r < m && c < n) { write(to + r * n + c, sums[spot]); }',
    '  }',
  ].join('\n');
  return shaderOf({
    ...boundArrays(text, [left.width, right.width]),
    extensions: ['subgroups'],
    code: `${writer(text)}${perTile(threads, 'parameters.items', body, ['subgroup_invocation_id'])}`,
  });
}
