// The tier of GPUs with subgroup matrices: f16 in, f32 summed. A workgroup stages slabs of both operands in its memory as f16,
// whatever they are stored as (what f16 cannot hold becomes infinite, and is seen); each subgroup multiplies its part of the tile; results pass through memory to the epilogue.
import { shaderOf } from '../dispatch.ts';
import type { SubgroupMatrix } from '../kernel.ts';
import { perTile, range } from '../shader.ts';
import { loaders } from './block.ts';
import type { TierText } from './tile.ts';
import { boundArrays, tileStart, writer } from './tile.ts';

/** Rows and columns of a workgroup's tile (with its sums within 16 KiB of memory), steps of k in a slab, and subgroups down and across it. */
export const matrixTile = { rows: 64, columns: 32, steps: 32, down: 2, across: 2 } as const;

const { rows, columns, steps, down, across } = matrixTile;

/** Whether a subgroup's product cuts the tile evenly, with a workgroup every adapter allows. */
export const fitsTile = ({ m, n, k, threads }: SubgroupMatrix): boolean =>
  (rows / down) % m === 0 && (columns / across) % n === 0 && steps % k === 0 && threads * down * across <= 256;

/** Lines that stage a slab, element [step][line] as f16: A's with lines as columns is read as a column-major matrix. */
function stage(name: 'a' | 'b', base: string, outer: string, size: string, lines: number, threads: number): string {
  return `    for (var unit = lane; unit < ${(lines / 4) * (steps / 4)}u; unit += ${threads}u) {
      let first = (unit % ${lines / 4}u) * 4u; let step = (unit / ${lines / 4}u) * 4u;
      let block = load_${name}(${base}, ${outer} + first, p + step, ${size}, k, end);
      for (var s = 0u; s < 4u; s++) {
        for (var r = 0u; r < 4u; r++) { slab_${name}[(step + s) * ${lines}u + first + r] = f16(block[s][r]); }
      }
    }`;
}

/** The shader for one of the adapter's products. */
export function matrixShader(text: TierText, shape: SubgroupMatrix) {
  const { m, n, k } = shape;
  const threads = shape.threads * down * across;
  const [high, wide] = [rows / down / m, columns / across / n];
  const each = range(high * wide);
  const result = `subgroup_matrix_result<f32, ${n}, ${m}>`;
  // Where subgroups turn out smaller than the most they may be, several do the same part. Slabs of A are [step][row], so that A's part is a column-major matrix with a stride of the tile's rows.
  const body = `${tileStart(text.rank, rows, columns)}
  let part = subgroup % ${down * across}u;
  let over = part / ${across}u * ${rows / down}u; let along = part % ${across}u * ${columns / across}u;
${each.map((t) => `  var s${t} = ${result}(0.0f);`).join('\n')}
  for (var p = begin; p < end; p += ${steps}u) {
    workgroupBarrier();
${stage('a', 'at', 'row', 'm', rows, threads)}
${stage('b', 'bt', 'column', 'n', columns, threads)}
    workgroupBarrier();
    for (var step = 0u; step < ${steps}u; step += ${k}u) {
${range(high)
  .map((r) => `      let x${r} = subgroupMatrixLoad<subgroup_matrix_left<f16, ${k}, ${m}>, col_major>(&slab_a, step * ${rows}u + over + ${r * m}u, ${rows}u);`)
  .join('\n')}
${range(wide)
  .map(
    (c) =>
      `      let w${c} = subgroupMatrixLoad<subgroup_matrix_right<f16, ${n}, ${k}>, row_major>(&slab_b, step * ${columns}u + along + ${c * n}u, ${columns}u);`,
  )
  .join('\n')}
${each.map((t) => `      s${t} = subgroupMatrixMultiplyAccumulate(x${Math.floor(t / wide)}, w${t % wide}, s${t});`).join('\n')}
    }
  }
${each.map((t) => `  subgroupMatrixStore<row_major>(&sums, (over + ${Math.floor(t / wide) * m}u) * ${columns}u + along + ${(t % wide) * n}u, s${t}, ${columns}u);`).join('\n')}
  workgroupBarrier();
  for (var spot = lane; spot < ${rows * columns}u; spot += ${threads}u) {
    let y_row = row + spot / ${columns}u; let y_column = column + spot % ${columns}u;
    if (y_row < m && y_column < n) { write(to + y_row * n + y_column, sums[spot]); }
  }`;
  const width = (at: 0 | 1): 1 | 4 => (text.operands[at].quads ? 4 : 1);
  return shaderOf({
    ...boundArrays(text, [width(0), width(1)]),
    extensions: ['f16', 'subgroups', 'chromium_experimental_subgroup_matrix'],
    off: ['chromium.subgroup_matrix_uniformity'],
    code: `
var<workgroup> slab_a: array<f16, ${rows * steps}>;
var<workgroup> slab_b: array<f16, ${columns * steps}>;
var<workgroup> sums: array<f32, ${rows * columns}>;${loaders(text)}${writer(text)}${perTile(threads, 'parameters.items', body, ['subgroup_id'])}`,
  });
}
