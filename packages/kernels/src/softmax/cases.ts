// Rows that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { SoftmaxProblem } from './problem.ts';

const far = ({ length }: ArraySpec): Numbers => Float32Array.from({ length }, (_, i) => 300 * Math.sin(i));

/** Cases. */
export const cases: readonly KernelCase<SoftmaxProblem>[] = [
  { name: '5x7', problem: { rows: 5, width: 7, log: false }, tolerance: 1e-6 },
  { name: 'log, 5x200', problem: { rows: 5, width: 200, log: true }, tolerance: 1e-6 },
  { name: 'far apart, 3x65', problem: { rows: 3, width: 65, log: false }, tolerance: 3e-5, input: far },
  { name: 'log, far apart, 3x65', problem: { rows: 3, width: 65, log: true }, tolerance: 1e-6, input: far },
  { name: 'no rows', problem: { rows: 0, width: 65, log: true }, tolerance: 0 },
  { name: 'ViT-B/16 scores, 2364x197', problem: { rows: 12 * 197, width: 197, log: false }, tolerance: 1e-6, large: true },
  { name: 'BERT scores, 6144x128', problem: { rows: 4 * 12 * 128, width: 128, log: false }, tolerance: 1e-6, large: true },
  { name: 'decoder logits, log, 384x30522', problem: { rows: 384, width: 30522, log: true }, tolerance: 1e-6, large: true },
];
