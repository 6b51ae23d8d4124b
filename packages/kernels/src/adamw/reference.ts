// AdamW and the gradient norm on the host, in float64. The harness starts in-place outputs from zeros.
import type { Numbers } from '../kernel.ts';
import type { AdamWProblem, GradientNormProblem } from './index.ts';

/** One update of a parameter whose value and moments are zero. */
export function reference(
  { length, beta1, beta2, epsilon, maxNorm, ceiling, rate: factor, scaled }: AdamWProblem,
  [rate, step, norm, g, lossScale]: readonly Numbers[],
): Numbers[] {
  const [p, m, v] = [new Float32Array(length), new Float32Array(length), new Float32Array(length)];
  if (scaled && !Number.isFinite(norm![0]!)) return [p, m, v];
  const clip = Number.isFinite(maxNorm) ? Math.min(1, maxNorm / (norm![0]! + 1e-6)) : 1;
  const [correction1, correction2] = [1 - beta1 ** step![0]!, 1 - beta2 ** step![0]!];
  for (let i = 0; i < length; i++) {
    const slope = (g![i]! * clip) / (scaled ? lossScale![0]! : 1);
    const first = (1 - beta1) * slope;
    const second = (1 - beta2) * slope * slope;
    const direction = first / correction1 / (Math.sqrt(second / correction2) + epsilon);
    p[i] = Math.min(-rate![0]! * factor * direction, ceiling);
    m[i] = first;
    v[i] = second;
  }
  return [p, m, v];
}

/** Root of the sum of all squares, over the loss scale where there is one. */
export function normReference({ scaled }: GradientNormProblem, inputs: readonly Numbers[]): Numbers[] {
  const [gradients, scale] = scaled ? [inputs.slice(0, -1), inputs.at(-1)![0]!] : [inputs, 1];
  let sum = 0;
  for (const gradient of gradients) for (const value of gradient) sum += value * value;
  return [Float32Array.of(Math.sqrt(sum) / scale)];
}
