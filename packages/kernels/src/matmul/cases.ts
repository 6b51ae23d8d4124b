// Products that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import type { MatmulProblem } from './index.ts';

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
  { name: 'ViT-S/16 feed-forward, batch 4', problem: plain(4 * 197, 1536, 384, false, true), tolerance, large: true },
  { name: 'ViT-B/16 qkv, batch 4', problem: plain(4 * 197, 2304, 768, false, true), tolerance, large: true },
  { name: 'ViT-B/16 qkv weight gradient, batch 4', problem: plain(2304, 768, 4 * 197, true, false), tolerance, large: true },
  { name: 'BERT feed-forward, 8 x 128 tokens', problem: plain(1024, 3072, 768, false, true), tolerance, large: true },
  { name: 'decoder logits, 8 x 48 tokens, 30,522 words', problem: plain(384, 30522, 384, false, true), tolerance, large: true },
];
