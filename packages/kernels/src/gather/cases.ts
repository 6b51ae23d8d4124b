// Look-ups that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { GatherProblem } from './problem.ts';

const ids =
  (rows: number) =>
  ({ name, length }: ArraySpec): Numbers | undefined =>
    name === 'ids' ? Int32Array.from({ length }, (_, i) => ((i * 7919) % (rows + 3)) - 1) : undefined;

/** Cases. */
export const cases: readonly KernelCase<GatherProblem>[] = [
  { name: '19 of 7x5, some outside', problem: { type: 'f32', rows: 7, width: 5, ids: 19 }, tolerance: 0, input: ids(7) },
  { name: 'no ids', problem: { type: 'f32', rows: 7, width: 5, ids: 0 }, tolerance: 0 },
  { name: 'BERT embeddings, 1024 of 30522x768', problem: { type: 'f32', rows: 30522, width: 768, ids: 1024 }, tolerance: 0, input: ids(30522), large: true },
  { name: 'decoder embeddings, 384 of 30522x384', problem: { type: 'f32', rows: 30522, width: 384, ids: 384 }, tolerance: 0, input: ids(30522), large: true },
];
