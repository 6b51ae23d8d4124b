// Rows summed by id on the host, in float64.
import type { Numbers } from '../kernel.ts';
import type { ScatterAddProblem } from './problem.ts';

/** Adds each row. */
export function reference({ type, rows, width, ids: count }: ScatterAddProblem, updates: Numbers, ids: Numbers): Numbers[] {
  const sums = new Float64Array(rows * width);
  for (let i = 0; i < count; i++) {
    const row = Math.min(rows - 1, Math.max(0, ids[i]!));
    for (let c = 0; c < width; c++) sums[row * width + c]! += updates[i * width + c]!;
  }
  return [type === 'i32' ? Int32Array.from(sums) : Float32Array.from(sums)];
}
