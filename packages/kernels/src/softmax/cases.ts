// Rows that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { SoftmaxProblem } from './index.ts';

const far = (_: number, { length }: ArraySpec): Numbers => Float32Array.from({ length }, (__, i) => 300 * Math.sin(i));

/** Cases. */
export const cases: readonly KernelCase<SoftmaxProblem>[] = [
  { name: '5x7', problem: { rows: 5, width: 7, log: false }, tolerance: 1e-6 },
  { name: 'log, 5x200', problem: { rows: 5, width: 200, log: true }, tolerance: 1e-6 },
  { name: 'far apart, 3x65', problem: { rows: 3, width: 65, log: false }, tolerance: 3e-5, input: far },
  { name: 'log, far apart, 3x65', problem: { rows: 3, width: 65, log: true }, tolerance: 1e-6, input: far },
  { name: 'no rows', problem: { rows: 0, width: 65, log: true }, tolerance: 0 },
  { name: 'logits, 8 x 48 tokens, 30,522 words', problem: { rows: 384, width: 30522, log: true }, tolerance: 1e-6, large: true },
];
