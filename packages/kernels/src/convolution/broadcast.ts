// Correlations on processors with subgroups of a known size: the broadcast tier of products, whose right operand is read from the images.
// Taps are the outer loops: where a tap lies in the image is found once for all its channels.
import type { ItemType } from '../dispatch.ts';
import { shaderOf } from '../dispatch.ts';
import { broadcastTile } from '../matmul/broadcast.ts';
import { tileStart } from '../matmul/tile.ts';
import { perTile, range } from '../shader.ts';
import { addSteps, boundOperands, loadRows, writeSums, zeroSums } from './broadcast-sums.ts';
import { correlationNames } from './parameters.ts';

const { threads, rows, columns } = broadcastTile;

/** The shader, for subgroups of `size` threads; `quads`: the channels summed are whole quads; `more`: what `writer` reads as results leave. */
export function broadcastShader(size: number, quads: boolean, writer: string, more: Readonly<Record<string, ItemType>>) {
  const loads = range(rows / size);
  const each = range(columns);
  const step = (steps: number, wideLoads: boolean) => [
    ...loadRows(size, steps, wideLoads, 'k', (l) => `k_at${l} + p`),
    ...each.flatMap((c) => range(steps).map((s) => `      let w${c}${s} = select(0.0f, b[x_at${c} + ${s}u * area], inside${c});`)),
    ...addSteps(size, steps, wideLoads, 'k'),
    `      p += ${steps}u; ${each.map((c) => `x_at${c} += ${steps}u * area;`).join(' ')}`,
  ];
  const body = [
    tileStart(0, rows, threads * columns),
    correlationNames,
    ...loads.map((l) => `  let k_at${l} = min(row + ${l * size}u + sublane, m - 1u) * k;`),
    ...each.map(
      (c) => `  let q${c} = min(column + lane + ${c * threads}u, n - 1u); let place${c} = q${c} % places;
  let top${c} = i32(place${c} / wide) * sh - ph; let left${c} = i32(place${c} % wide) * sw - pw; let image${c} = i32(q${c} / places * C * area);`,
    ),
    ...zeroSums,
    '  var p = 0u;',
    '  for (var down = 0; down < th; down++) { for (var over = 0; over < tw; over++) {',
    ...each.map(
      (c) => `    let inside${c} = u32(top${c} + down) < u32(H) && u32(left${c} + over) < u32(W);
    var x_at${c} = u32(select(0, image${c} + (top${c} + down) * W + left${c} + over, inside${c}));`,
    ),
    quads ? '    for (var c = 0u; c < C; c += 4u) {' : '    var c = 0u;\n    for (; c + 4u <= C; c += 4u) {',
    ...step(4, quads),
    '    }',
    ...(quads ? [] : ['    for (; c < C; c++) {', ...step(1, false), '    }']),
    '  } }',
    ...writeSums((at, value) => `write(${at}, ${value});`),
  ].join('\n');
  return shaderOf({
    ...boundOperands(quads, more),
    extensions: ['subgroups'],
    code: `${writer}${perTile(threads, 'parameters.items', body, ['subgroup_invocation_id'])}`,
  });
}
