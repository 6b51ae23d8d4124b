// Products that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import type { MapStep, View } from '../map/problem.ts';
import type { MatmulProblem } from './problem.ts';

const plain = (m: number, n: number, k: number, transposeA = false, transposeB = false): MatmulProblem => ({
  m,
  n,
  k,
  transposeA,
  transposeB,
  lead: [],
  leadA: [],
  leadB: [],
});
const tolerance = 3e-6;
/** Of f32 sums over a vocabulary, one product after another, and of small cases whose few results have no large one among them. */
const longSums = 1e-5;

/** Linear layers of models: rows are tokens of a batch. */
const linears = [
  { name: 'ViT-B/16 qkv', rows: 4 * 197, inputs: 768, outputs: 2304 },
  { name: 'ViT-S/16 feed-forward', rows: 4 * 197, inputs: 384, outputs: 1536 },
  { name: 'BERT feed-forward', rows: 8 * 128, inputs: 768, outputs: 3072 },
  { name: 'decoder projection', rows: 8 * 48, inputs: 384, outputs: 384 },
  { name: 'decoder logits', rows: 8 * 48, inputs: 384, outputs: 30522 },
] as const;

/** A layer's three products, with weights as (out, in): y = x W', dx = dy W, dW = dy' x. */
function linearCases(name: string, rows: number, inputs: number, outputs: number): KernelCase<MatmulProblem>[] {
  const size = ({ m, n, k }: MatmulProblem) => `${m}x${n}x${k}`;
  const of = (what: string, problem: MatmulProblem, pass: 'forward' | 'backward') => ({
    name: `${name}${what}, ${size(problem)}`,
    problem,
    tolerance: problem.k > 4096 ? longSums : tolerance,
    large: true,
    pass,
  });
  return [
    of('', plain(rows, outputs, inputs, false, true), 'forward'),
    of(' input gradient', plain(rows, inputs, outputs), 'backward'),
    of(' weight gradient', plain(outputs, inputs, rows, true, false), 'backward'),
  ];
}

/** Sizes that no tile divides, few rows, and a weight gradient tall enough to be cut along k. */
const odd: readonly KernelCase<MatmulProblem>[] = [
  { name: '197x65x63', problem: plain(197, 65, 63), tolerance },
  { name: '65x3x1023, B transposed', problem: plain(65, 3, 1023, false, true), tolerance: longSums },
  { name: '1x197x64, one row', problem: plain(1, 197, 64, false, true), tolerance },
  { name: '3x63x65, few rows', problem: plain(3, 63, 65), tolerance },
  { name: '3x5x7, few rows, A transposed', problem: plain(3, 5, 7, true, true), tolerance },
  { name: '48x33x1023, A transposed, tall', problem: plain(48, 33, 1023, true), tolerance: longSums },
  { name: '36x32x1024, A transposed, tall', problem: plain(36, 32, 1024, true), tolerance: longSums },
];

const view = (length: number, strides: readonly number[], type: View['type'] = 'f32'): View => ({ type, length, offset: 0, strides });
const step = (op: MapStep['op'], ...args: number[]): MapStep => ({ op, type: 'f32', arguments: args });

/** Bias, GELU, scale and residual on the way out: on tiles, on few rows, and after a sum over slices. */
const epilogues: readonly KernelCase<MatmulProblem>[] = [plain(33, 20, 64, false, true), plain(2, 20, 64, false, true), plain(36, 32, 1023, true)].map(
  (problem) => ({
    name: `${problem.m}x${problem.n}x${problem.k}, bias, GELU, scale, residual`,
    problem: {
      ...problem,
      epilogue: {
        shape: [problem.m / (problem.m === 2 ? 2 : 3), problem.m === 2 ? 2 : 3, problem.n],
        inputs: [view(problem.n, [0, 0, 1]), view(problem.m * problem.n, [(problem.m === 2 ? 2 : 3) * problem.n, problem.n, 1])],
        steps: [step('add', 0, 1), step('gelu', 3), { ...step('constant'), value: 0.5 }, step('mul', 4, 5), step('add', 6, 2)],
      },
    },
    tolerance: 1e-5,
  }),
);

/** Storage as f16: operands alone, and the result too. */
const halves: readonly KernelCase<MatmulProblem>[] = [
  { name: 'f16 operands, 33x20x64, B transposed', problem: { ...plain(33, 20, 64, false, true), types: ['f16', 'f16', 'f32'] }, tolerance, f16: true },
  { name: 'f16 operands, 36x17x65, A transposed', problem: { ...plain(36, 17, 65, true), types: ['f16', 'f16', 'f32'] }, tolerance, f16: true },
  {
    name: 'f16 operands near their limits, 9x10x12',
    problem: { ...plain(9, 10, 12), types: ['f16', 'f16', 'f32'] },
    tolerance,
    f16: true,
    input: ({ length }) => Float32Array.from({ length }, (_, i) => [65504, -65504, 6.103515625e-5, 5.9604644775390625e-8, 1][i % 5]!),
  },
  { name: 'f16 result, 5x7x9', problem: { ...plain(5, 7, 9), types: ['f16', 'f32', 'f16'] }, tolerance: 1e-3, f16: true },
  {
    name: 'f16 in, out and beside, 33x20x64, bias, GELU, residual',
    problem: {
      ...plain(33, 20, 64, false, true),
      types: ['f16', 'f32', 'f16'],
      half: true,
      epilogue: {
        shape: [33, 20],
        inputs: [view(20, [0, 1]), view(33 * 20, [20, 1], 'f16')],
        steps: [step('add', 0, 1), step('gelu', 3), step('add', 4, 2)],
      },
    },
    tolerance: 1e-3,
    f16: true,
  },
  { name: 'f32 operands that may be rounded, 36x20x64, A transposed', problem: { ...plain(36, 20, 64, true), half: true }, tolerance: 1e-3 },
  {
    name: 'f16 result near its limits, 8x12x1',
    problem: { ...plain(8, 12, 1), types: ['f16', 'f16', 'f16'] },
    tolerance: 5e-4,
    f16: true,
    input: ({ name, length }) => Float32Array.from({ length }, (_, i) => (name === 'a' ? [65472, -32752, 6.103515625e-5, 1][i % 4]! : [1, 0.5, -1][i % 3]!)),
  },
  { name: 'f16, one row, 1x33x64', problem: { ...plain(1, 33, 64, false, true), types: ['f16', 'f16', 'f16'] }, tolerance: 1e-3, f16: true },
];

/** Cases. */
export const cases: readonly KernelCase<MatmulProblem>[] = [
  { name: '33x17x65', problem: plain(33, 17, 65), tolerance },
  { name: '33x17x65, A transposed', problem: plain(33, 17, 65, true, false), tolerance },
  { name: '33x17x65, B transposed', problem: plain(33, 17, 65, false, true), tolerance },
  { name: '6x7x5, both transposed', problem: plain(6, 7, 5, true, true), tolerance },
  { name: 'in quads, 33x20x64', problem: plain(33, 20, 64), tolerance },
  { name: 'in quads, 36x20x65, A transposed', problem: plain(36, 20, 65, true, false), tolerance },
  { name: 'in quads, 33x17x64, B transposed', problem: plain(33, 17, 64, false, true), tolerance },
  { name: 'in quads, 36x20x64, A transposed', problem: plain(36, 20, 64, true, false), tolerance },
  { name: 'in quads, 36x18x64, both transposed', problem: plain(36, 18, 64, true, true), tolerance },
  { name: 'in quads, batch 2x3 of 5x4x8', problem: { ...plain(5, 4, 8), lead: [2, 3], leadA: [3, 1], leadB: [0, 1] }, tolerance },
  { name: '1x1x1', problem: plain(1, 1, 1), tolerance },
  { name: 'batch 2x3 of 5x4x7', problem: { ...plain(5, 4, 7), lead: [2, 3], leadA: [3, 1], leadB: [3, 1] }, tolerance },
  { name: 'batch with B repeated', problem: { ...plain(5, 4, 7, false, true), lead: [2, 3], leadA: [3, 1], leadB: [0, 1] }, tolerance },
  ...odd,
  ...epilogues,
  ...halves,
  { name: 'inner size 0', problem: plain(3, 2, 0), tolerance },
  { name: 'no rows', problem: plain(0, 2, 3), tolerance },
  ...linears.flatMap(({ name, rows, inputs, outputs }) => linearCases(name, rows, inputs, outputs)),
  { name: 'decoder logits of one token, 1x30522x384', problem: plain(1, 30522, 384, false, true), tolerance, large: true },
];
