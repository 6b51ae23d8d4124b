// Reductions that models meet, and awkward ones.
import type { ElementType, KernelCase } from '../kernel.ts';
import type { MapStep, View } from '../map/problem.ts';
import { denseView } from '../map/problem.ts';
import type { ReduceProblem } from './problem.ts';

function over(
  op: 'sum' | 'max',
  shape: readonly number[],
  axes: readonly number[],
  type: ElementType = 'f32',
  chain: Partial<Pick<ReduceProblem, 'inputs' | 'steps'>> = {},
): ReduceProblem {
  return { op, type: type === 'i32' ? 'i32' : 'f32', axes, shape, inputs: [denseView(shape, type)], steps: [], ...chain };
}

const view = (length: number, strides: readonly number[], offset = 0): View => ({ type: 'f32', length, offset, strides });
const step = (op: MapStep['op'], args: readonly number[], value?: number): MapStep => ({
  op,
  type: 'f32',
  arguments: args,
  ...(value === undefined ? {} : { value }),
});

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
    problem: over('sum', shape, axes, 'f16'),
    tolerance: 3e-6,
    f16: true,
  })),
  { name: 'no results', problem: over('sum', [0, 5], [1]), tolerance: 0 },
  { name: 'sum of rows 5x128', problem: over('sum', [5, 128], [1]), tolerance: 1e-6 },
  { name: 'max of outer and inner axes 3x5x100', problem: over('max', [3, 5, 100], [0, 2]), tolerance: 0 },
  { name: 'sum of a middle axis 4x1x7x6', problem: over('sum', [4, 1, 7, 6], [1, 2]), tolerance: 1e-6 },
  {
    name: 'sum of squares of rows 9x64',
    problem: over('sum', [9, 64], [1], 'f32', { steps: [step('mul', [0, 0])] }),
    tolerance: 1e-6,
  },
  {
    name: 'sum of products of rows 6x197, one transposed',
    problem: over('sum', [6, 197], [1], 'f32', { inputs: [view(6 * 197, [197, 1]), view(6 * 197, [1, 6])], steps: [step('mul', [0, 1])] }),
    tolerance: 2e-6,
  },
  {
    name: 'sum of columns 70x12 with a bias, GELU of it',
    problem: over('sum', [70, 12], [0], 'f32', { inputs: [view(840, [12, 1]), view(12, [0, 1])], steps: [step('add', [0, 1]), step('gelu', [2])] }),
    tolerance: 2e-6,
  },
  {
    name: 'sum of a part of columns 33x5, each by its row',
    problem: over('sum', [33, 5], [0], 'f32', {
      inputs: [view(33 * 8, [8, 1], 2)],
      steps: [step('index', [], 0), step('toF32', [1]), step('mul', [0, 2])].map((one, i) => (i === 0 ? { ...one, type: 'i32' } : one)),
    }),
    tolerance: 2e-6,
  },
  {
    name: 'sum of random numbers 3x4x50',
    problem: over('sum', [3, 4, 50], [0, 2], 'f32', { inputs: [{ ...view(2, [0, 0, 0]), type: 'i32' }], steps: [step('random', [0], 7)] }),
    tolerance: 1e-6,
  },
  { name: 'sum of ones 7x130', problem: over('sum', [7, 130], [1], 'f32', { inputs: [], steps: [step('constant', [], 1)] }), tolerance: 0 },
  { name: 'ViT-B/16 bias gradient, sum of columns, 788x2304', problem: over('sum', [4 * 197, 2304], [0]), tolerance: 1e-5, large: true, pass: 'backward' },
];
