// The weight's gradient on processors with subgroups of a known size: rows of dy, loaded once by a subgroup, reach its threads as
// broadcasts; each thread has its own elements of the kernel and reads the images where they meet. Lines of places are the outer loop:
// they are this shader's k.
import { shaderOf } from '../dispatch.ts';
import { broadcastTile } from '../matmul/broadcast.ts';
import { tileStart } from '../matmul/tile.ts';
import { perTile, range } from '../shader.ts';
import { addSteps, boundOperands, loadRows, writeSums, zeroSums } from './broadcast-sums.ts';
import { weightNames } from './parameters.ts';

const { threads, rows, columns } = broadcastTile;

/** The shader, for subgroups of `size` threads; `quads`: lines of places are whole quads. */
export function broadcastWeightShader(size: number, quads: boolean) {
  const loads = range(rows / size);
  const each = range(columns);
  const step = (steps: number, wide: boolean) => [
    ...loadRows(size, steps, wide, 'd', (l) => `d_at${l} + s`),
    ...each.flatMap((c) =>
      range(steps).map(
        (t) => `      let over${c}${t} = left${c} + i32(s + ${t}u) * sw; let in${c}${t} = inside${c} && u32(over${c}${t}) < u32(W);
      let w${c}${t} = select(0.0f, b[u32(select(0, x_at${c} + over${c}${t}, in${c}${t}))], in${c}${t});`,
      ),
    ),
    ...addSteps(size, steps, wide, 'd'),
  ];
  const body = [
    tileStart(0, rows, threads * columns),
    weightNames,
    ...each.map(
      (c) => `  let q${c} = min(column + lane + ${c * threads}u, n - 1u); let channel${c} = i32(q${c} / (kh * kw));
  let top${c} = i32((q${c} / kw) % kh) - ph; let left${c} = i32(q${c} % kw) - pw;`,
    ),
    ...zeroSums,
    '  for (var line = begin; line < end; line++) {',
    '    let image = line / oh; let r = line % oh;',
    ...loads.map((l) => `    let d_at${l} = ((image * m + min(row + ${l * size}u + sublane, m - 1u)) * oh + r) * ow;`),
    ...each.map(
      (c) => `    let down${c} = top${c} + i32(r) * sh; let inside${c} = u32(down${c}) < u32(H);
    let x_at${c} = ((i32(image * C) + channel${c}) * H + down${c}) * W;`,
    ),
    quads ? '    for (var s = 0u; s < ow; s += 4u) {' : '    var s = 0u;\n    for (; s + 4u <= ow; s += 4u) {',
    ...step(4, quads),
    '    }',
    ...(quads ? [] : ['    for (; s < ow; s++) {', ...step(1, false), '    }']),
    '  }',
    ...writeSums((at, value) => `y[${at}] = ${value};`),
  ].join('\n');
  return shaderOf({ ...boundOperands(quads), extensions: ['subgroups'], code: perTile(threads, 'parameters.items', body, ['subgroup_invocation_id']) });
}
