// AdamW on the host, in float64. The harness starts in-place outputs from zeros.
import type { Numbers } from '../kernel.ts';
import type { AdamWProblem } from './problem.ts';

/** One update of parameters whose values and moments are zero; what lies between them stays zero. */
export function reference({ targets, tensors, beta1, beta2, epsilon, maxNorm, scaled }: AdamWProblem, inputs: readonly Numbers[]): Numbers[] {
  const [rate, step, norm] = inputs.slice(0, 3).map((data) => data[0]!) as [number, number, number];
  const [lossScale, gradients] = scaled ? [inputs[3]![0]!, inputs.slice(4)] : [1, inputs.slice(3)];
  const [parameters, firsts, seconds] = [0, 1, 2].map(() => targets.map((length) => new Float32Array(length))) as [Numbers[], Numbers[], Numbers[]];
  const clip = Number.isFinite(maxNorm) ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
  const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step];
  for (const { source, from, target, at, length, rate: factor, ceiling } of scaled && !Number.isFinite(norm) ? [] : tensors)
    for (let i = 0; i < length; i++) {
      const slope = (gradients[source]![from + i]! * clip) / lossScale;
      const first = (1 - beta1) * slope;
      const second = (1 - beta2) * slope * slope;
      const direction = first / correction1 / (Math.sqrt(second / correction2) + epsilon);
      parameters[target]![at + i] = Math.min(-rate * factor * direction, ceiling);
      firsts[target]![at + i] = first;
      seconds[target]![at + i] = second;
    }
  return [...parameters, ...firsts, ...seconds];
}
