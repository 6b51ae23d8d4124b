// Softmax on the host, in float64.
import type { Numbers } from '../kernel.ts';
import type { SoftmaxProblem } from './problem.ts';

/** Greatest element and logarithm of the sum of exponentials of a row. */
export function logSumExp(row: ArrayLike<number>): number {
  let greatest = -Infinity;
  for (let i = 0; i < row.length; i++) greatest = Math.max(greatest, row[i]!);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]! - greatest);
  return greatest + Math.log(sum);
}

/** Every row. */
export function reference({ rows, width, log }: SoftmaxProblem, x: Numbers): Numbers[] {
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const row = x.subarray(r * width, (r + 1) * width);
    const total = logSumExp(row);
    for (let c = 0; c < width; c++) out[r * width + c] = log ? row[c]! - total : Math.exp(row[c]! - total);
  }
  return [out];
}
