// Distillation and its gradient on the host, in float64.
import type { Numbers } from '../kernel.ts';
import { logSumExp } from '../softmax/reference.ts';
import type { DistillationProblem } from './problem.ts';

/** Either pass. */
export function reference({ of, rows, width, temperature }: DistillationProblem, [student, teacher, ...given]: readonly Numbers[]): Numbers[] {
  const [loss, lseS, lseT] = [new Float32Array(rows), new Float32Array(rows), new Float32Array(rows)];
  const dx = new Float32Array(of === 'gradient' ? rows * width : 0);
  for (let r = 0; r < rows; r++) {
    const cooled = (x: Numbers) => Float64Array.from(x.subarray(r * width, (r + 1) * width), (value) => value / temperature);
    const [s, t] = [cooled(student!), cooled(teacher!)];
    if (of === 'gradient') {
      const [totalS, totalT, slope] = given.map((rowsOf) => rowsOf[r]!) as [number, number, number];
      for (let j = 0; j < width; j++) dx[r * width + j] = ((Math.exp(s[j]! - totalS) - Math.exp(t[j]! - totalT)) * slope) / temperature;
      continue;
    }
    const [totalS, totalT] = [logSumExp(s), logSumExp(t)];
    let sum = 0;
    for (let j = 0; j < width; j++) sum += Math.exp(t[j]! - totalT) * (t[j]! - totalT - (s[j]! - totalS));
    [loss[r], lseS[r], lseT[r]] = [sum, totalS, totalT];
  }
  return of === 'forward' ? [loss, lseS, lseT] : [dx];
}
