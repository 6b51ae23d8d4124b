// Correlations on processors with subgroups of a known size: the broadcast tier of products, whose right operand is read from the films.
// Taps are the outer loops: where a tap lies in the film is found once for all its channels.
import { broadcastTile } from '../matmul/broadcast.ts';
import { tileStart } from '../matmul/tile.ts';
import { declare, perTile, u } from '../shader.ts';
import { correlationNames, placedWriter } from './layout.ts';

const { threads, rows, columns } = broadcastTile;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The shader, for subgroups of `size` threads; `quads`: the channels summed are whole quads. */
export function broadcastShader(size: number, quads: boolean, parameters: number): string {
  const loads = range(rows / size);
  const each = range(columns);
  const step = (steps: number, wideLoads: boolean) => [
    ...(wideLoads
      ? loads.map((l) => `      let k${l} = a[(k_at${l} + p) / 4u];`)
      : loads.flatMap((l) => range(steps).map((s) => `      let k${l}${s} = a[k_at${l} + p + ${s}u];`))),
    ...each.flatMap((c) => range(steps).map((s) => `      let w${c}${s} = select(0.0f, b[x_at${c} + ${s}u * area], inside${c});`)),
    ...range(steps).flatMap((s) =>
      range(rows).map((r) => {
        const name = `k${Math.floor(r / size)}`;
        const value = `subgroupBroadcast(${wideLoads ? `${name}[${s}]` : `${name}${s}`}, ${r % size}u)`;
        return `      { let v = ${value}; ${each.map((c) => `s${r * columns + c} = fma(v, w${c}${s}, s${r * columns + c});`).join(' ')} }`;
      }),
    ),
    `      p += ${steps}u; ${each.map((c) => `x_at${c} += ${steps}u * area;`).join(' ')}`,
  ];
  const body = [
    tileStart(0, rows, threads * columns),
    correlationNames,
    ...loads.map((l) => `  let k_at${l} = min(row + ${l * size}u + sublane, m - 1u) * k;`),
    ...each.map(
      (c) => `  let q${c} = min(column + lane + ${c * threads}u, n - 1u); let place${c} = q${c} % places;
  let top${c} = i32(place${c} / wide) * sh - ph; let left${c} = i32(place${c} % wide) * sw - pw; let film${c} = i32(q${c} / places * C * area);`,
    ),
    ...range(rows * columns).map((s) => `  var s${s} = 0.0f;`),
    '  var p = 0u;',
    '  for (var down = 0; down < th; down++) { for (var over = 0; over < tw; over++) {',
    ...each.map(
      (c) => `    let inside${c} = u32(top${c} + down) < u32(H) && u32(left${c} + over) < u32(W);
    var x_at${c} = u32(select(0, film${c} + (top${c} + down) * W + left${c} + over, inside${c}));`,
    ),
    quads ? '    for (var c = 0u; c < C; c += 4u) {' : '    var c = 0u;\n    for (; c + 4u <= C; c += 4u) {',
    ...step(4, quads),
    '    }',
    ...(quads ? [] : ['    for (; c < C; c++) {', ...step(1, false), '    }']),
    '  } }',
    `  var sums = array<f32, ${rows * columns}>(${range(rows * columns)
      .map((s) => `s${s}`)
      .join(', ')});`,
    `  for (var spot = 0u; spot < ${rows * columns}u; spot++) {`,
    `    let r = row + spot / ${columns}u; let q = column + lane + (spot % ${columns}u) * ${threads}u;`,
    '    if (r < m && q < n) { write(to + r * n + q, sums[spot]); }',
    '  }',
  ].join('\n');
  const bindings = [
    { name: 'a', type: quads ? ('vec4<f32>' as const) : ('f32' as const) },
    { name: 'b', type: 'f32' as const },
    { name: 'y', type: 'f32' as const, write: true },
  ];
  return `${declare(bindings, parameters, ['subgroups'])}${placedWriter}${perTile(threads, u(0), body, ['subgroup_invocation_id'])}`;
}
