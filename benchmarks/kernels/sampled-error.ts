// The error of a large product on a few of its rows: the reference of all would take minutes on the host.
import type { MatmulProblem, Numbers } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { relativeError } from '../harness/check.ts';

/** Rows that are compared, spread over the product. */
const sampledRows = 5;

/** Whether a product is large, and plain enough for its rows to be products of their own. */
export const isLargeProduct = (kernel: string, problem: unknown, flops: number): problem is MatmulProblem =>
  kernel === 'matmul' && flops > 1e9 && (problem as MatmulProblem).lead.length === 0 && (problem as MatmulProblem).epilogue === undefined;

/** The error of the sampled rows, relative to the largest of their references. */
export function sampledError(problem: MatmulProblem, [a, b]: readonly Numbers[], y: Numbers): number {
  const { m, n, k, transposeA } = problem;
  const rows = Array.from({ length: Math.min(m, sampledRows) }, (_, i) => Math.floor((i * (m - 1)) / Math.max(1, Math.min(m, sampledRows) - 1)));
  const some = new Float32Array(rows.length * k);
  rows.forEach((row, i) => {
    for (let j = 0; j < k; j++) some[i * k + j] = a![transposeA ? j * m + row : row * k + j]!;
  });
  const ours = new Float32Array(rows.length * n);
  rows.forEach((row, i) => ours.set(y.subarray(row * n, (row + 1) * n), i * n));
  return relativeError([ours], kernels.matmul.reference({ ...problem, m: rows.length, transposeA: false }, [some, b!]));
}
