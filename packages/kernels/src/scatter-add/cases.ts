// Sums that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { ScatterAddProblem } from './problem.ts';

const ids =
  (of: (i: number) => number) =>
  ({ name, length }: ArraySpec): Numbers | undefined =>
    name === 'ids' ? Int32Array.from({ length }, (_, i) => of(i)) : undefined;

/** Cases. */
export const cases: readonly KernelCase<ScatterAddProblem>[] = [
  { name: '130 rows into 11x5', problem: { type: 'f32', rows: 11, width: 5, ids: 130 }, tolerance: 2e-6, input: ids((i) => (i * 7) % 13) },
  { name: 'all into one row', problem: { type: 'f32', rows: 3, width: 4, ids: 70 }, tolerance: 4e-6, input: ids(() => 1) },
  { name: 'no rows to add', problem: { type: 'f32', rows: 3, width: 4, ids: 0 }, tolerance: 0 },
  { name: 'no table', problem: { type: 'f32', rows: 0, width: 4, ids: 0 }, tolerance: 0 },
  {
    name: 'BERT embeddings, 1024 of 30522x768',
    problem: { type: 'f32', rows: 30522, width: 768, ids: 1024 },
    tolerance: 1e-5,
    input: ids((i) => (i * 7919) % 500),
    large: true,
  },
  {
    name: 'decoder embeddings, 384 of 30522x384',
    problem: { type: 'f32', rows: 30522, width: 384, ids: 384 },
    tolerance: 1e-5,
    input: ids((i) => (i * 7919) % 500),
    large: true,
  },
];
