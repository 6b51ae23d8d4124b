// The tier of GPUs: a workgroup stages slabs of both operands in its memory; each thread sums a tile of the product in registers.
import { shaderOf } from '../dispatch.ts';
import { perTile, range } from '../shader.ts';
import { loaders } from './block.ts';
import type { TierText } from './tile.ts';
import { boundArrays, tileStart, writer } from './tile.ts';

/** A workgroup's tile: rows and columns of the product, steps of k in a slab. Each thread sums `high` rows by 4 columns. */
export interface WorkgroupTile {
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
  readonly high: 4 | 8;
}

/** Tiles to choose from, the usual one first. All fit in 16 KiB of workgroup memory and 256 threads. */
export const workgroupTiles: readonly WorkgroupTile[] = [
  { rows: 64, columns: 64, steps: 16, high: 4 },
  { rows: 128, columns: 64, steps: 16, high: 8 },
  { rows: 32, columns: 32, steps: 32, high: 4 },
];

/** Threads of a tile's workgroup. */
export const threadsOf = ({ rows, columns, high }: WorkgroupTile): number => (rows / high) * (columns / 4);

/** Lines that stage a slab of one operand: blocks of four lines by four steps, each by one thread. */
function stage(name: 'a' | 'b', base: string, outer: string, size: string, lines: number, steps: number, threads: number): string {
  const [quads, blocks] = [lines / 4, (lines / 4) * (steps / 4)];
  return `    for (var unit = lane; unit < ${blocks}u; unit += ${threads}u) {
      let quad = unit % ${quads}u; let step = (unit / ${quads}u) * 4u;
      let block = load_${name}(${base}, ${outer} + quad * 4u, p + step, ${size}, k, end);
${range(4)
  .map((s) => `      slab_${name}[(step + ${s}u) * ${quads}u + quad] = block[${s}];`)
  .join('\n')}
    }`;
}

/** The shader. */
export function workgroupShader(text: TierText, tile: WorkgroupTile) {
  const { rows, columns, steps, high } = tile;
  const threads = threadsOf(tile);
  const [down, across, parts] = [rows / high, columns / 4, high / 4];
  const body = `${tileStart(text.rank, rows, columns)}
  let over = lane / ${across}u; let along = lane % ${across}u;
${range(high)
  .map((r) => `  var s${r} = vec4<f32>(0.0f);`)
  .join('\n')}
  for (var p = begin; p < end; p += ${steps}u) {
    workgroupBarrier();
${stage('a', 'at', 'row', 'm', rows, steps, threads)}
${stage('b', 'bt', 'column', 'n', columns, steps, threads)}
    workgroupBarrier();
    for (var step = 0u; step < ${steps}u; step++) {
      let v = slab_b[step * ${columns / 4}u + along];
${range(parts)
  .map(
    (part) => `      let x${part} = slab_a[step * ${rows / 4}u + over + ${part * down}u];
${range(4)
  .map((r) => `      s${part * 4 + r} = fma(vec4<f32>(x${part}[${r}]), v, s${part * 4 + r});`)
  .join('\n')}`,
  )
  .join('\n')}
    }
  }
  var sums = array<vec4<f32>, ${high}>(${range(high)
    .map((r) => `s${r}`)
    .join(', ')});
  for (var r = 0u; r < ${high}u; r++) {
    let y_row = row + (r / 4u) * ${down * 4}u + over * 4u + r % 4u;
    for (var c = 0u; c < 4u; c++) {
      let y_column = column + along * 4u + c;
      if (y_row < m && y_column < n) { write(to + y_row * n + y_column, sums[r][c]); }
    }
  }`;
  const width = (at: 0 | 1): 1 | 4 => (text.operands[at].quads ? 4 : 1);
  return shaderOf({
    ...boundArrays(text, [width(0), width(1)]),
    code: `
var<workgroup> slab_a: array<vec4<f32>, ${(rows / 4) * steps}>;
var<workgroup> slab_b: array<vec4<f32>, ${(columns / 4) * steps}>;${loaders(text)}${writer(text)}${perTile(threads, 'parameters.items', body)}`,
  });
}
