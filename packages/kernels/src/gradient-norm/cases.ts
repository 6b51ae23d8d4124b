// Norms that training meets, and awkward ones.
import { manyLengths, oddLengths, partsIn } from '../adamw/cases.ts';
import type { KernelCase } from '../kernel.ts';
import type { GradientNormProblem } from './problem.ts';

/** Gradients in arrays of their own. */
const separate = (lengths: readonly number[], scaled = false): GradientNormProblem => ({
  sources: lengths,
  gradients: lengths.map((length, source) => ({ length, source, from: 0 })),
  ...(scaled ? { scaled } : {}),
});

const shared = (lengths: readonly number[], arrays: number): GradientNormProblem => {
  const { sources, tensors } = partsIn(lengths, arrays);
  return { sources, gradients: tensors };
};

/** Cases. */
export const cases: readonly KernelCase<GradientNormProblem>[] = [
  { name: 'three gradients', problem: separate([7, 0, 20_000]), tolerance: 1e-6 },
  {
    name: 'times a loss scale',
    problem: separate([7, 9000], true),
    tolerance: 1e-6,
    input: ({ name }) => (name === 'lossScale' ? Float32Array.of(1024) : undefined),
  },
  { name: 'eleven gradients', problem: separate([1, 3, 63, 65, 0, 197, 1023, 8192, 8193, 5, 20_000]), tolerance: 1e-6 },
  { name: 'eleven gradients in two arrays', problem: shared(oddLengths, 2), tolerance: 1e-6 },
  { name: 'more gradients than a table holds', problem: shared(manyLengths, 3), tolerance: 1e-6 },
  { name: 'none', problem: separate([]), tolerance: 0 },
  { name: 'BERT layer', problem: separate([2304 * 768, 768 * 768, 3072 * 768, 768 * 3072]), tolerance: 1e-6, large: true },
];
