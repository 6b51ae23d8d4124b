// Layer norm and its gradients on the host, in float64.
import type { Numbers } from '../kernel.ts';
import type { LayerNormProblem } from './problem.ts';

const mean = (count: number, of: (i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum / count;
};

function forward({ rows, width, epsilon }: LayerNormProblem, [x, weight, bias]: readonly Numbers[]): Numbers[] {
  const [y, averages, scales] = [new Float32Array(rows * width), new Float32Array(rows), new Float32Array(rows)];
  for (let r = 0; r < rows; r++) {
    const at = (i: number) => x![r * width + i]!;
    const average = mean(width, at);
    const scale = 1 / Math.sqrt(mean(width, (i) => (at(i) - average) ** 2) + epsilon);
    for (let i = 0; i < width; i++) y[r * width + i] = (at(i) - average) * scale * weight![i]! + bias![i]!;
    [averages[r], scales[r]] = [average, scale];
  }
  return [y, averages, scales];
}

function gradient({ rows, width }: LayerNormProblem, [x, weight, averages, scales, dy]: readonly Numbers[]): Numbers[] {
  const dx = new Float32Array(rows * width);
  const [dweight, dbias] = [new Float64Array(width), new Float64Array(width)];
  for (let r = 0; r < rows; r++) {
    const normalized = (i: number) => (x![r * width + i]! - averages![r]!) * scales![r]!;
    const g = (i: number) => dy![r * width + i]! * weight![i]!;
    const [first, second] = [mean(width, g), mean(width, (i) => g(i) * normalized(i))];
    for (let i = 0; i < width; i++) {
      dx[r * width + i] = scales![r]! * (g(i) - first - normalized(i) * second);
      dweight[i]! += dy![r * width + i]! * normalized(i);
      dbias[i]! += dy![r * width + i]!;
    }
  }
  return [dx, Float32Array.from(dweight), Float32Array.from(dbias)];
}

/** Either pass. */
export const reference = (problem: LayerNormProblem, inputs: readonly Numbers[]): Numbers[] =>
  problem.of === 'forward' ? forward(problem, inputs) : gradient(problem, inputs);
