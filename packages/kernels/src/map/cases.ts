// Chains that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { MapOperation, MapOperationName } from './operations.ts';
import { mapOperations } from './operations.ts';
import type { MapProblem, MapStep, View } from './problem.ts';
import { denseView } from './problem.ts';

const view = (length: number, offset: number, strides: readonly number[], type: View['type'] = 'f32'): View => ({ type, length, offset, strides });
const step = (op: MapStep['op'], args: readonly number[], value?: number, type: MapStep['type'] = 'f32'): MapStep => ({
  op,
  type,
  arguments: args,
  ...(value === undefined ? {} : { value }),
});
const chain = (shape: readonly number[], inputs: readonly View[], steps: readonly MapStep[], type: View['type'] = 'f32'): MapProblem => ({
  shape,
  inputs,
  steps,
  output: denseView(shape, type),
});

/** Multiples of 1/4 with zeros and signs, or all of them positive; each array another step through them, so that some elements are equal. */
function sample({ name, type, length }: ArraySpec, positive: boolean): Numbers {
  const array = Number(name.slice(1));
  const numbers = Array.from({ length }, (_, i) => ((i * (7 + array)) % 13) - 6).map((k) => (positive ? (k + 7) / 4 : k / 4));
  return type === 'i32' ? Int32Array.from(numbers, (value) => 4 * value) : Float32Array.from(numbers);
}

/** Each operation of the table alone. */
const operationCases = Object.entries<MapOperation>(mapOperations).map(([op, { arity, converts, positive = false }]): KernelCase<MapProblem> => {
  const [from, to] = [converts?.from ?? 'f32', converts?.to ?? 'f32'];
  const inputs = Array.from({ length: arity }, () => denseView([33], from));
  const steps = [step(op as MapOperationName, [...inputs.keys()], undefined, to)];
  return { name: `the operation ${op}`, problem: chain([33], inputs, steps, to), tolerance: 4e-6, input: (spec) => sample(spec, positive) };
});

/** Cases. */
export const cases: readonly KernelCase<MapProblem>[] = [
  {
    name: 'bias and GELU, 197x129',
    problem: chain([197, 129], [denseView([197, 129]), view(129, 0, [0, 1])], [step('add', [0, 1]), step('gelu', [2])]),
    tolerance: 2e-6,
  },
  { name: 'GELU gradient, 7x33', problem: chain([7, 33], [denseView([7, 33]), denseView([7, 33])], [step('geluGrad', [0, 1])]), tolerance: 2e-6 },
  { name: 'outer sum 5x1 + 1x3', problem: chain([5, 3], [view(5, 0, [1, 0]), view(3, 0, [0, 1])], [step('add', [0, 1])]), tolerance: 1e-6 },
  { name: 'transpose 3x5x7', problem: chain([7, 3, 5], [view(105, 0, [1, 35, 7])], []), tolerance: 0 },
  { name: 'slice and reverse order', problem: chain([3, 2], [view(40, 5, [10, 3])], []), tolerance: 0 },
  { name: 'strided write', problem: { shape: [2, 3], inputs: [denseView([2, 3])], steps: [], output: view(24, 4, [12, 3]) }, tolerance: 0 },
  {
    name: 'selection by comparison',
    problem: chain([64], [denseView([64]), denseView([64])], [step('less', [0, 1]), step('constant', [], 0.5), step('where', [2, 0, 3])]),
    tolerance: 0,
  },
  {
    name: 'exp, log, sqrt, erf, division',
    problem: chain([70], [denseView([70])], [step('exp', [0]), step('sqrt', [1]), step('log', [2]), step('erf', [3]), step('div', [4, 1])]),
    tolerance: 4e-6,
  },
  {
    name: 'i32 arithmetic and casts',
    problem: chain(
      [65],
      [denseView([65], 'i32')],
      [
        step('index', [], 0, 'i32'),
        step('constant', [], -3, 'i32'),
        step('mul', [1, 2], undefined, 'i32'),
        step('add', [0, 3], undefined, 'i32'),
        step('toF32', [4]),
      ],
    ),
    tolerance: 0,
    input: ({ length }) => Int32Array.from({ length }, (_, i) => (i * 37) % 11),
  },
  { name: 'random', problem: chain([33, 5], [view(2, 0, [0, 0], 'i32')], [step('random', [0], 7)]), tolerance: 0, input: () => Int32Array.of(12345, -678) },
  ...[
    [7, 64],
    [5, 33],
  ].map((shape) => ({
    name: `f16 in and out, ${shape.join('x')}`,
    problem: chain(shape, [denseView(shape, 'f16'), view(shape[1]!, 0, [0, 1])], [step('add', [0, 1]), step('gelu', [2])], 'f16'),
    tolerance: 1e-3,
    f16: true,
  })),
  {
    name: 'f16 near its limits, copied and transposed, 5x12',
    problem: { shape: [12, 5], inputs: [view(60, 0, [1, 12], 'f16')], steps: [], output: denseView([12, 5], 'f16') },
    tolerance: 0,
    f16: true,
    input: ({ length }) => Float32Array.from({ length }, (__, i) => [65504, -65504, 6.103515625e-5, 5.960464477539063e-8, 1][i % 5]! * (i % 2 === 0 ? 1 : -1)),
  },
  { name: 'scalar', problem: chain([], [denseView([])], [step('neg', [0])]), tolerance: 0 },
  { name: 'nothing', problem: chain([0, 4], [denseView([0, 4])], [step('neg', [0])]), tolerance: 0 },
  {
    name: 'ViT-B/16 residual sum, 788x768',
    problem: chain([4 * 197, 768], [denseView([4 * 197, 768]), denseView([4 * 197, 768])], [step('add', [0, 1])]),
    tolerance: 1e-6,
    large: true,
  },
  {
    name: 'BERT bias and GELU, 1024x3072',
    problem: chain([1024, 3072], [denseView([1024, 3072]), view(3072, 0, [0, 1])], [step('add', [0, 1]), step('gelu', [2])]),
    tolerance: 2e-6,
    large: true,
  },
  {
    name: 'BERT GELU gradient, 1024x3072',
    problem: chain([1024, 3072], [denseView([1024, 3072]), denseView([1024, 3072])], [step('geluGrad', [0, 1])]),
    tolerance: 2e-6,
    large: true,
    pass: 'backward',
  },
  ...operationCases,
];
