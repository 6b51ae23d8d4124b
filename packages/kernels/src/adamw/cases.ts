// Updates that training meets, and awkward ones.
import type { KernelCase, Numbers } from '../kernel.ts';
import type { AdamWProblem, GradientNormProblem } from './index.ts';

const usual = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05, maxNorm: 1, ceiling: Infinity, rate: 1 };
const scalars =
  (step: number, norm: number) =>
  (index: number): Numbers | undefined =>
    [Float32Array.of(1e-3), Float32Array.of(step), Float32Array.of(norm), undefined, Float32Array.of(1024)][index];

/** Cases of the update. */
export const cases: readonly KernelCase<AdamWProblem>[] = [
  { name: 'first step, clipped', problem: { ...usual, length: 133 }, tolerance: 1e-5, input: scalars(1, 7) },
  { name: 'step 1,000, not clipped', problem: { ...usual, length: 70, maxNorm: Infinity }, tolerance: 1e-5, input: scalars(1000, 7) },
  { name: 'ceiling', problem: { ...usual, length: 65, ceiling: 0.0005 }, tolerance: 1e-5, input: scalars(3, 0.1) },
  { name: 'a quarter of the learning rate', problem: { ...usual, length: 65, rate: 0.25 }, tolerance: 1e-5, input: scalars(2, 0.1) },
  { name: 'gradients times a loss scale', problem: { ...usual, length: 66, scaled: true }, tolerance: 1e-5, input: scalars(2, 7) },
  { name: 'scaled gradients that overflowed', problem: { ...usual, length: 64, scaled: true }, tolerance: 0, input: scalars(2, Infinity) },
  { name: 'scaled gradients that are no numbers', problem: { ...usual, length: 7, scaled: true }, tolerance: 0, input: scalars(2, NaN) },
  { name: 'nothing', problem: { ...usual, length: 0 }, tolerance: 0, input: scalars(1, 1) },
  { name: 'BERT feed-forward, 3072x768', problem: { ...usual, length: 3072 * 768 }, tolerance: 1e-5, input: scalars(10, 1), large: true },
  { name: 'decoder embeddings, 30522x384', problem: { ...usual, length: 30522 * 384 }, tolerance: 1e-5, input: scalars(10, 1), large: true },
];

/** Cases of the norm. */
export const normCases: readonly KernelCase<GradientNormProblem>[] = [
  { name: 'three gradients', problem: { lengths: [7, 0, 20_000] }, tolerance: 1e-6 },
  {
    name: 'times a loss scale',
    problem: { lengths: [7, 9000], scaled: true },
    tolerance: 1e-6,
    input: (index) => (index === 2 ? Float32Array.of(1024) : undefined),
  },
  { name: 'eleven gradients', problem: { lengths: [1, 3, 63, 65, 0, 197, 1023, 8192, 8193, 5, 20_000] }, tolerance: 1e-6 },
  { name: 'none', problem: { lengths: [] }, tolerance: 0 },
  { name: 'BERT layer', problem: { lengths: [2304 * 768, 768 * 768, 3072 * 768, 768 * 3072] }, tolerance: 1e-6, large: true },
];
