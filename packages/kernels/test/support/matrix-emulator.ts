// The subgroup-matrix tier on the host: the same workgroups, slabs, parts and order of sums as its shader, for adapters that no test machine has.
import type { MatmulProblem, Numbers, SubgroupMatrix } from '@hybridmed/kernels';
import { fromHalf, toHalf } from '@hybridmed/kernels';

const tile = { rows: 64, columns: 32, steps: 32, down: 2, across: 2 };
const half = (value: number): number => fromHalf(toHalf([value]))[0]!;

/** One slab in workgroup memory, element [step][line] as f16: what `stage` writes. Lines past the end repeat the last, steps past it are zeros. */
function stage(read: (line: number, step: number) => number, first: number, size: number, p: number, end: number, lines: number): Float32Array {
  const slab = new Float32Array(tile.steps * lines);
  for (let unit = 0; unit < (lines / 4) * (tile.steps / 4); unit++) {
    const [line, step] = [(unit % (lines / 4)) * 4, Math.floor(unit / (lines / 4)) * 4];
    for (let s = 0; s < 4; s++)
      for (let r = 0; r < 4; r++) slab[(step + s) * lines + line + r] = p + step + s < end ? half(read(Math.min(first + line + r, size - 1), p + step + s)) : 0;
  }
  return slab;
}

/** subgroupMatrixMultiplyAccumulate on parts of two slabs: products of f16, sums in f32. */
function multiply(sums: Float32Array, a: Float32Array, atA: number, b: Float32Array, atB: number, { m, n, k }: SubgroupMatrix): void {
  for (let r = 0; r < m; r++)
    for (let c = 0; c < n; c++)
      for (let s = 0; s < k; s++) sums[r * n + c] = Math.fround(sums[r * n + c]! + a[atA + s * tile.rows + r]! * b[atB + s * tile.columns + c]!);
}

/** One product without a batch, over the steps of one slice. */
export function emulate(problem: MatmulProblem, [a, b]: readonly [Numbers, Numbers], shape: SubgroupMatrix, begin: number, end: number): Float32Array {
  const { m, n, k, transposeA, transposeB } = problem;
  const out = new Float32Array(m * n);
  const [high, wide] = [tile.rows / tile.down / shape.m, tile.columns / tile.across / shape.n];
  for (let row = 0; row < m; row += tile.rows)
    for (let column = 0; column < n; column += tile.columns) {
      const parts = Array.from({ length: tile.down * tile.across * high * wide }, () => new Float32Array(shape.m * shape.n));
      for (let p = begin; p < end; p += tile.steps) {
        const slabA = stage((line, s) => a[transposeA ? s * m + line : line * k + s]!, row, m, p, end, tile.rows);
        const slabB = stage((line, s) => b[transposeB ? line * k + s : s * n + line]!, column, n, p, end, tile.columns);
        for (let step = 0; step < tile.steps; step += shape.k)
          parts.forEach((sums, part) => {
            const [group, own] = [Math.floor(part / (high * wide)), part % (high * wide)];
            const over = Math.floor(group / tile.across) * (tile.rows / tile.down) + Math.floor(own / wide) * shape.m;
            const along = (group % tile.across) * (tile.columns / tile.across) + (own % wide) * shape.n;
            multiply(sums, slabA, step * tile.rows + over, slabB, step * tile.columns + along, shape);
          });
      }
      parts.forEach((sums, part) => {
        const [group, own] = [Math.floor(part / (high * wide)), part % (high * wide)];
        const over = Math.floor(group / tile.across) * (tile.rows / tile.down) + Math.floor(own / wide) * shape.m;
        const along = (group % tile.across) * (tile.columns / tile.across) + (own % wide) * shape.n;
        sums.forEach((value, at) => {
          const [r, c] = [row + over + Math.floor(at / shape.n), column + along + (at % shape.n)];
          if (r < m && c < n) out[r * n + c] = value;
        });
      });
    }
  return out;
}
