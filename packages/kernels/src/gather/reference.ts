// Rows by id on the host.
import type { Numbers } from '../kernel.ts';
import type { GatherProblem } from './problem.ts';

/** Copies each row. */
export function reference({ type, rows, width, ids: count }: GatherProblem, table: Numbers, ids: Numbers): Numbers[] {
  const out = type === 'i32' ? new Int32Array(count * width) : new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = Math.min(rows - 1, Math.max(0, ids[i]!));
    out.set(table.subarray(row * width, (row + 1) * width), i * width);
  }
  return [out];
}
