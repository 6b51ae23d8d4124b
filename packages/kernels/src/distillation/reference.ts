// Distillation and its gradient on the host, in float64.
import type { Numbers } from '../kernel.ts';
import { logSumExp } from '../softmax/reference.ts';
import type { DistillationProblem } from './index.ts';

/** Either pass. */
export function reference({ of, rows, width, temperature }: DistillationProblem, [student, teacher, slope]: readonly Numbers[]): Numbers[] {
  const [loss, dx] = [new Float32Array(rows), new Float32Array(of === 'gradient' ? rows * width : 0)];
  for (let r = 0; r < rows; r++) {
    const cooled = (x: Numbers) => Float64Array.from(x.subarray(r * width, (r + 1) * width), (value) => value / temperature);
    const [s, t] = [cooled(student!), cooled(teacher!)];
    const [totalS, totalT] = [logSumExp(s), logSumExp(t)];
    let sum = 0;
    for (let j = 0; j < width; j++) {
      sum += Math.exp(t[j]! - totalT) * (t[j]! - totalT - (s[j]! - totalS));
      if (of === 'gradient') dx[r * width + j] = ((Math.exp(s[j]! - totalS) - Math.exp(t[j]! - totalT)) * slope![r]!) / temperature;
    }
    loss[r] = sum;
  }
  return of === 'forward' ? [loss] : [dx];
}
