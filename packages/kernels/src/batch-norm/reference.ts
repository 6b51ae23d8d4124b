// Batch norm and its gradients on the host, in float64.
import type { Numbers } from '../kernel.ts';
import type { BatchNormProblem } from './problem.ts';

/** Sum over a channel's elements, by their places in memory. */
function sumOf({ batch, channels, places }: BatchNormProblem, channel: number, of: (at: number) => number): number {
  let sum = 0;
  for (let image = 0; image < batch; image++) for (let p = 0; p < places; p++) sum += of((image * channels + channel) * places + p);
  return sum;
}

function forward(problem: BatchNormProblem, [x, weight, bias]: readonly Numbers[]): Numbers[] {
  const { batch, channels, places, epsilon } = problem;
  const [y, means, variances] = [new Float32Array(x!.length), new Float32Array(channels), new Float32Array(channels)];
  for (let channel = 0; channel < channels; channel++) {
    const mean = sumOf(problem, channel, (at) => x![at]!) / (batch * places);
    const variance = sumOf(problem, channel, (at) => (x![at]! - mean) ** 2) / (batch * places);
    sumOf(problem, channel, (at) => (y[at] = ((x![at]! - mean) / Math.sqrt(variance + epsilon)) * weight![channel]! + bias![channel]!));
    [means[channel], variances[channel]] = [mean, variance];
  }
  return [y, means, variances];
}

function gradient(problem: BatchNormProblem, [x, weight, means, variances, dy]: readonly Numbers[]): Numbers[] {
  const { batch, channels, places, epsilon } = problem;
  const [dx, dweight, dbias] = [new Float32Array(x!.length), new Float32Array(channels), new Float32Array(channels)];
  for (let channel = 0; channel < channels; channel++) {
    const scale = 1 / Math.sqrt(variances![channel]! + epsilon);
    const normalized = (at: number) => (x![at]! - means![channel]!) * scale;
    const weighted = sumOf(problem, channel, (at) => dy![at]! * normalized(at));
    const plain = sumOf(problem, channel, (at) => dy![at]!);
    const count = batch * places;
    sumOf(problem, channel, (at) => (dx[at] = weight![channel]! * scale * (dy![at]! - plain / count - (normalized(at) * weighted) / count)));
    [dweight[channel], dbias[channel]] = [weighted, plain];
  }
  return [dx, dweight, dbias];
}

/** Either pass. */
export const reference = (problem: BatchNormProblem, inputs: readonly Numbers[]): Numbers[] =>
  problem.of === 'forward' ? forward(problem, inputs) : gradient(problem, inputs);
