// The gradient norm on the host, in float64.
import type { Numbers } from '../kernel.ts';
import type { GradientNormProblem } from './problem.ts';

/** Root of the sum of all squares, over the loss scale where there is one. */
export function reference({ gradients, scaled }: GradientNormProblem, inputs: readonly Numbers[]): Numbers[] {
  let sum = 0;
  for (const { source, from, length } of gradients) for (let i = 0; i < length; i++) sum += inputs[source]![from + i]! ** 2;
  return [Float32Array.of(Math.sqrt(sum) / (scaled ? inputs.at(-1)![0]! : 1))];
}
