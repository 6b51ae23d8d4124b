// Updates that training meets, and awkward ones.
import type { KernelCase, Numbers } from '../kernel.ts';
import type { Part, AdamWProblem, UpdatedTensor, GradientNormProblem } from './problem.ts';
const usual = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
const constants = { weightDecay: 0.05, rate: 1, ceiling: Infinity };
/** Where a tensor may begin that shares an array: every 64 elements. */
const unit = 64;

/** Rate, step and norm, then the loss scale where there is one. */
const scalars =
  (step: number, norm: number, scaled = false) =>
  (index: number): Numbers | undefined =>
    [Float32Array.of(1e-3), Float32Array.of(step), Float32Array.of(norm), scaled ? Float32Array.of(1024) : undefined][index];

/** A problem of one tensor in arrays of its own. */
const one = (length: number, more: Partial<UpdatedTensor & Pick<AdamWProblem, 'maxNorm' | 'scaled'>> = {}): AdamWProblem => {
  const { maxNorm = 1, scaled, ...own } = more;
  const tensors = [{ length, source: 0, from: 0, target: 0, at: 0, ...constants, ...own }];
  return { ...usual, maxNorm, ...(scaled ? { scaled } : {}), sources: [length], targets: [length], tensors };
};

/** Tensors one after another in `arrays` arrays, one array after another. */
function together(lengths: readonly number[], arrays: number): { tensors: Part[]; sources: number[] } {
  const sources = Array.from({ length: arrays }, () => unit);
  const tensors = lengths.map((length, i): Part => {
    const source = i % arrays;
    const from = sources[source]!;
    sources[source]! += Math.ceil(length / unit) * unit;
    return { length, source, from };
  });
  return { tensors, sources };
}

/** Gradients in `from` arrays, parameters in `to`; rates, decay and ceilings of their own. */
function many(lengths: readonly number[], from: number, to: number): AdamWProblem {
  const gradients = together(lengths, from);
  const targets = Array.from({ length: to }, () => 0);
  const tensors = gradients.tensors.map((part, i): UpdatedTensor => {
    const target = Math.floor((i * to) / lengths.length);
    const at = targets[target]!;
    targets[target]! += Math.ceil(part.length / unit) * unit;
    return { ...part, target, at, weightDecay: i % 2 === 0 ? 0.05 : 0, rate: 1 / (1 + (i % 3)), ceiling: i % 5 === 4 ? 0.0005 : Infinity };
  });
  return { ...usual, sources: gradients.sources, targets, tensors };
}

const odd = [1, 3, 63, 65, 0, 197, 1023, 2048, 2049, 5, 9000];
const small = Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % 90));

/** Cases of the update. */
export const cases: readonly KernelCase<AdamWProblem>[] = [
  { name: 'first step, clipped', problem: one(133), tolerance: 1e-5, input: scalars(1, 7) },
  { name: 'step 1,000, not clipped', problem: one(70, { maxNorm: Infinity }), tolerance: 1e-5, input: scalars(1000, 7) },
  { name: 'ceiling', problem: one(65, { ceiling: 0.0005 }), tolerance: 1e-5, input: scalars(3, 0.1) },
  { name: 'a quarter of the learning rate', problem: one(65, { rate: 0.25 }), tolerance: 1e-5, input: scalars(2, 0.1) },
  { name: 'gradients times a loss scale', problem: one(66, { scaled: true }), tolerance: 1e-5, input: scalars(2, 7, true) },
  { name: 'scaled gradients that overflowed', problem: one(64, { scaled: true }), tolerance: 0, input: scalars(2, Infinity, true) },
  { name: 'scaled gradients that are no numbers', problem: one(7, { scaled: true }), tolerance: 0, input: scalars(2, NaN, true) },
  { name: 'nothing', problem: one(0), tolerance: 0, input: scalars(1, 1) },
  { name: 'eleven tensors that share arrays', problem: many(odd, 2, 1), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'gradients in more arrays than are bound', problem: many(odd, 6, 2), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'more tensors than a table holds', problem: many(small, 4, 1), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'BERT feed-forward, 3072x768', problem: one(3072 * 768), tolerance: 1e-5, input: scalars(10, 1), large: true },
  { name: 'decoder embeddings, 30522x384', problem: one(30522 * 384), tolerance: 1e-5, input: scalars(10, 1), large: true },
];

/** Gradients in arrays of their own. */
const apart = (lengths: readonly number[], scaled = false): GradientNormProblem => ({
  sources: lengths,
  gradients: lengths.map((length, source) => ({ length, source, from: 0 })),
  ...(scaled ? { scaled } : {}),
});

const shared = (lengths: readonly number[], arrays: number): GradientNormProblem => {
  const { sources, tensors } = together(lengths, arrays);
  return { sources, gradients: tensors };
};

/** Cases of the norm. */
export const normCases: readonly KernelCase<GradientNormProblem>[] = [
  { name: 'three gradients', problem: apart([7, 0, 20_000]), tolerance: 1e-6 },
  {
    name: 'times a loss scale',
    problem: apart([7, 9000], true),
    tolerance: 1e-6,
    input: (index) => (index === 2 ? Float32Array.of(1024) : undefined),
  },
  { name: 'eleven gradients', problem: apart([1, 3, 63, 65, 0, 197, 1023, 8192, 8193, 5, 20_000]), tolerance: 1e-6 },
  { name: 'eleven gradients in two arrays', problem: shared(odd, 2), tolerance: 1e-6 },
  { name: 'more gradients than a table holds', problem: shared(small, 3), tolerance: 1e-6 },
  { name: 'none', problem: apart([]), tolerance: 0 },
  { name: 'BERT layer', problem: apart([2304 * 768, 768 * 768, 3072 * 768, 768 * 3072]), tolerance: 1e-6, large: true },
];
