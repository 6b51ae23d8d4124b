// Rows that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { ArgmaxProblem } from './problem.ts';

const ties = ({ length }: ArraySpec): Numbers => Float32Array.from({ length }, (_, i) => (i * 7) % 5);

/** Cases. */
export const cases: readonly KernelCase<ArgmaxProblem>[] = [
  { name: '9x33', problem: { type: 'f32', rows: 9, width: 33 }, tolerance: 0 },
  { name: 'ties', problem: { type: 'f32', rows: 4, width: 12 }, tolerance: 0, input: ties },
  { name: 'wide, 5x197', problem: { type: 'f32', rows: 5, width: 197 }, tolerance: 0 },
  { name: 'wide, ties, 3x130', problem: { type: 'f32', rows: 3, width: 130 }, tolerance: 0, input: ties },
  { name: 'wide, ties, 3x1024', problem: { type: 'f32', rows: 3, width: 1024 }, tolerance: 0, input: ties },
  {
    name: 'wide, nothing above the least, 2x96',
    problem: { type: 'f32', rows: 2, width: 96 },
    tolerance: 0,
    input: ({ length }) => new Float32Array(length).fill(-Infinity),
  },
  { name: 'no rows', problem: { type: 'f32', rows: 0, width: 12 }, tolerance: 0 },
  { name: 'decoder logits, 384x30522', problem: { type: 'f32', rows: 384, width: 30522 }, tolerance: 0, large: true },
];
