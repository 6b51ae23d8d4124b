// Batched matrix products with both transpose flags: a 4 x 4 register tile straight from global memory.
import type { Kernel, Numbers } from '../kernel.ts';
import { bytesOf, product } from '../kernel.ts';
import { pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { shader, stepsOf } from './wgsl.ts';

/**
 * C = A B over a batch: A is (m, k), or (k, m) where `transposeA`; B is (k, n), or (n, k) where `transposeB`. `lead` are the batch's
 * axes; `leadA` and `leadB` are the operands' strides along them, counted in whole matrices (0 repeats).
 */
export interface MatmulProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly lead: readonly number[];
  readonly leadA: readonly number[];
  readonly leadB: readonly number[];
}

/** Number of matrices an operand holds. */
const matrices = (lead: readonly number[], strides: readonly number[]): number =>
  lead.includes(0) ? 0 : 1 + lead.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);

const arrays = ({ m, n, k, lead, leadA, leadB }: MatmulProblem) => ({
  inputs: [
    { type: 'f32' as const, length: matrices(lead, leadA) * m * k },
    { type: 'f32' as const, length: matrices(lead, leadB) * k * n },
  ],
  outputs: [{ type: 'f32' as const, length: product(lead) * m * n }],
});

/** The kernel. */
export const matmul: Kernel<MatmulProblem> = {
  name: 'matmul',
  pass: ({ transposeA }) => (transposeA ? 'backward' : 'forward'),
  arrays,
  dispatches: (problem) => {
    const { m, n, k, transposeA, transposeB, lead, leadA, leadB } = problem;
    const batch = product(lead);
    if (batch * m * n === 0) return [];
    const tiles = [Math.ceil(m / 4), Math.ceil(n / 4)] as const;
    const threads = batch * tiles[0] * tiles[1];
    const parameters = pack([threads, m, n, k, tiles[0], tiles[1], ...lead, ...leadA, ...leadB]);
    return [
      {
        label: `matmul ${m}x${n}x${k}${batch > 1 ? ` x${batch}` : ''}`,
        code: shader({ rank: lead.length, transposeA, transposeB, steps: stepsOf(problem) }, parameters.length),
        parameters,
        arrays: [0, 1, 2],
        writes: [2],
        workgroups: spreadThreads(threads),
      },
    ];
  },
  cost: (problem) => ({ flops: 2 * product(problem.lead) * problem.m * problem.n * problem.k, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, [a, b]): readonly Numbers[] => reference(problem, a!, b!),
  cases,
};
