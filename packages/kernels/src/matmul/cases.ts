// Products that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
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
    tolerance,
    large: true,
    pass,
  });
  return [
    of('', plain(rows, outputs, inputs, false, true), 'forward'),
    of(' input gradient', plain(rows, inputs, outputs), 'backward'),
    of(' weight gradient', plain(outputs, inputs, rows, true, false), 'backward'),
  ];
}

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
  { name: 'inner size 0', problem: plain(3, 2, 0), tolerance },
  { name: 'no rows', problem: plain(0, 2, 3), tolerance },
  ...linears.flatMap(({ name, rows, inputs, outputs }) => linearCases(name, rows, inputs, outputs)),
  { name: 'decoder logits of one token, 1x30522x384', problem: plain(1, 30522, 384, false, true), tolerance, large: true },
];
