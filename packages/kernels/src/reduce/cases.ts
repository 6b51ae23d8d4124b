// Reductions that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import type { ReduceProblem } from './index.ts';

function over(op: 'sum' | 'max', shape: readonly number[], axes: readonly number[], type: ReduceProblem['type'] = 'f32'): ReduceProblem {
  const strides = stridesOf(shape);
  const stays = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return {
    op,
    type,
    length: product(shape),
    kept: stays.map((a) => shape[a]!),
    keptStrides: stays.map((a) => strides[a]!),
    reduced: axes.map((a) => shape[a]!),
    reducedStrides: axes.map((a) => strides[a]!),
  };
}

/** Cases. */
export const cases: readonly KernelCase<ReduceProblem>[] = [
  { name: 'sum of rows 33x17', problem: over('sum', [33, 17], [1]), tolerance: 1e-6 },
  { name: 'sum of columns 300x65', problem: over('sum', [300, 65], [0]), tolerance: 2e-6 },
  { name: 'sum of outer and inner axes 5x7x9', problem: over('sum', [5, 7, 9], [0, 2]), tolerance: 1e-6 },
  { name: 'max of columns 70x6', problem: over('max', [70, 6], [0]), tolerance: 0 },
  { name: 'sum of few rows 3x4x5x8', problem: over('sum', [3, 4, 5, 8], [0, 1]), tolerance: 1e-6 },
  { name: 'sum of everything 4099', problem: over('sum', [4099], [0]), tolerance: 3e-6 },
  { name: 'max of rows 9x129', problem: over('max', [9, 129], [1]), tolerance: 0 },
  { name: 'max over nothing', problem: over('max', [3, 0], [1]), tolerance: 0 },
  { name: 'sum over nothing', problem: over('sum', [0, 5], [0]), tolerance: 0 },
  { name: 'sum of whole numbers 7x130', problem: over('sum', [7, 130], [1], 'i32'), tolerance: 0 },
  { name: 'max of whole numbers over nothing', problem: over('max', [3, 0], [1], 'i32'), tolerance: 0 },
  ...(
    [
      ['columns 300x64', [300, 64], [0]],
      ['rows 9x129', [9, 129], [1]],
      ['few rows 3x4x5', [3, 4, 5], [0, 1]],
    ] as const
  ).map(([name, shape, axes]) => ({
    name: `sum of ${name}, stored as f16`,
    problem: { ...over('sum', shape, axes), half: true },
    tolerance: 3e-6,
    f16: true,
  })),
  { name: 'no results', problem: over('sum', [0, 5], [1]), tolerance: 0 },
  { name: 'ViT-B/16 bias gradient, sum of columns, 788x2304', problem: over('sum', [4 * 197, 2304], [0]), tolerance: 1e-5, large: true, pass: 'backward' },
];
