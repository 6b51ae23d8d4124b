// Cross-entropy and its gradient on the host, in float64.
import type { Numbers } from '../kernel.ts';
import { logSumExp } from '../softmax/reference.ts';
import type { CrossEntropyProblem } from './problem.ts';

/** Either pass. */
export function reference({ of, rows, width }: CrossEntropyProblem, [x, target, given, slope]: readonly Numbers[]): Numbers[] {
  const [loss, lse, dx] = [new Float32Array(rows), new Float32Array(rows), new Float32Array(of === 'gradient' ? rows * width : 0)];
  for (let r = 0; r < rows; r++) {
    const inside = target![r]! >= 0 && target![r]! < width;
    const row = x!.subarray(r * width, (r + 1) * width);
    if (of === 'forward') {
      const total = logSumExp(row);
      lse[r] = total;
      loss[r] = inside ? total - row[target![r]!]! : 0;
    } else if (inside) for (let j = 0; j < width; j++) dx[r * width + j] = (Math.exp(row[j]! - given![r]!) - (j === target![r] ? 1 : 0)) * slope![r]!;
  }
  return of === 'forward' ? [loss, lse] : [dx];
}
