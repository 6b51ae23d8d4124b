// Greatest elements on the host.
import type { Numbers } from '../kernel.ts';
import type { ArgmaxProblem } from './problem.ts';

/** Every row. */
export function reference({ rows, width }: ArgmaxProblem, x: Numbers): Numbers[] {
  return [
    Int32Array.from({ length: rows }, (_, r) => {
      let best = 0;
      for (let j = 1; j < width; j++) if (x[r * width + j]! > x[r * width + best]!) best = j;
      return best;
    }),
  ];
}
