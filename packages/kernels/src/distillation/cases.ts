// Divergences that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { DistillationProblem } from './problem.ts';

/** Log-sum-exps about those of the rows. */
const input =
  (width: number) =>
  ({ name, length }: ArraySpec): Numbers | undefined =>
    name.endsWith('LogSumExp') ? Float32Array.from({ length }, (_, i) => Math.log(width) + 0.1 * (i % 3)) : undefined;

/** Cases: both passes of each shape. */
export const cases: readonly KernelCase<DistillationProblem>[] = (['forward', 'gradient'] as const).flatMap((of) => [
  { name: `5x7, ${of}`, problem: { of, rows: 5, width: 7, temperature: 1 }, tolerance: 3e-6, input: input(7) },
  { name: `3x301, T 2, ${of}`, problem: { of, rows: 3, width: 301, temperature: 2 }, tolerance: 2e-5, input: input(301) },
  { name: `no rows, ${of}`, problem: { of, rows: 0, width: 7, temperature: 1 }, tolerance: 0 },
  { name: 'decoder, 384x30522', problem: { of, rows: 384, width: 30522, temperature: 1 }, tolerance: 2e-5, input: input(30522), large: true },
]);
