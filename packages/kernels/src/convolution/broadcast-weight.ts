// The weight's gradient on processors with subgroups of a known size: rows of dy, loaded once by a subgroup, reach its threads as
// broadcasts; each thread has its own elements of the kernel and reads the films where they meet. Lines of places are the outer loop:
// they are this shader's k.
import { broadcastTile } from '../matmul/broadcast.ts';
import { tileStart } from '../matmul/tile.ts';
import { declare, perTile, u } from '../shader.ts';
import { weightNames } from './layout.ts';

const { threads, rows, columns } = broadcastTile;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The shader, for subgroups of `size` threads; `quads`: lines of places are whole quads. */
export function broadcastWeightShader(size: number, quads: boolean, parameters: number): string {
  const loads = range(rows / size);
  const each = range(columns);
  const step = (steps: number, wide: boolean) => [
    ...(wide
      ? loads.map((l) => `      let d${l} = a[(d_at${l} + s) / 4u];`)
      : loads.flatMap((l) => range(steps).map((t) => `      let d${l}${t} = a[d_at${l} + s + ${t}u];`))),
    ...each.flatMap((c) =>
      range(steps).map(
        (t) => `      let over${c}${t} = left${c} + i32(s + ${t}u) * sw; let in${c}${t} = inside${c} && u32(over${c}${t}) < u32(W);
      let w${c}${t} = select(0.0f, b[u32(select(0, x_at${c} + over${c}${t}, in${c}${t}))], in${c}${t});`,
      ),
    ),
    ...range(steps).flatMap((t) =>
      range(rows).map((r) => {
        const name = `d${Math.floor(r / size)}`;
        const value = `subgroupBroadcast(${wide ? `${name}[${t}]` : `${name}${t}`}, ${r % size}u)`;
        return `      { let v = ${value}; ${each.map((c) => `s${r * columns + c} = fma(v, w${c}${t}, s${r * columns + c});`).join(' ')} }`;
      }),
    ),
  ];
  const body = [
    tileStart(0, rows, threads * columns),
    weightNames,
    ...each.map(
      (c) => `  let q${c} = min(column + lane + ${c * threads}u, n - 1u); let channel${c} = i32(q${c} / (kh * kw));
  let top${c} = i32((q${c} / kw) % kh) - ph; let left${c} = i32(q${c} % kw) - pw;`,
    ),
    ...range(rows * columns).map((s) => `  var s${s} = 0.0f;`),
    '  for (var line = begin; line < end; line++) {',
    '    let film = line / oh; let r = line % oh;',
    ...loads.map((l) => `    let d_at${l} = ((film * m + min(row + ${l * size}u + sublane, m - 1u)) * oh + r) * ow;`),
    ...each.map(
      (c) => `    let down${c} = top${c} + i32(r) * sh; let inside${c} = u32(down${c}) < u32(H);
    let x_at${c} = ((i32(film * C) + channel${c}) * H + down${c}) * W;`,
    ),
    quads ? '    for (var s = 0u; s < ow; s += 4u) {' : '    var s = 0u;\n    for (; s + 4u <= ow; s += 4u) {',
    ...step(4, quads),
    '    }',
    ...(quads ? [] : ['    for (; s < ow; s++) {', ...step(1, false), '    }']),
    '  }',
    `  var sums = array<f32, ${rows * columns}>(${range(rows * columns)
      .map((s) => `s${s}`)
      .join(', ')});`,
    `  for (var spot = 0u; spot < ${rows * columns}u; spot++) {`,
    `    let r = row + spot / ${columns}u; let q = column + lane + (spot % ${columns}u) * ${threads}u;`,
    '    if (r < m && q < n) { y[to + r * n + q] = sums[spot]; }',
    '  }',
  ].join('\n');
  const bindings = [
    { name: 'a', type: quads ? ('vec4<f32>' as const) : ('f32' as const) },
    { name: 'b', type: 'f32' as const },
    { name: 'y', type: 'f32' as const, write: true },
  ];
  return `${declare(bindings, parameters, ['subgroups'])}${perTile(threads, u(0), body, ['subgroup_invocation_id'])}`;
}
