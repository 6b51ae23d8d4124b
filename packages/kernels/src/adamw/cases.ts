// Updates that training meets, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { TensorPart } from '../tensor-table.ts';
import type { AdamWProblem, UpdatedTensor } from './problem.ts';

const usual = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
const constants = { weightDecay: 0.05, rate: 1, ceiling: Infinity };
/** Where a tensor may begin that shares an array: every 64 elements. */
const unit = 64;

/** The scalars: rate, step, norm, and the loss scale where there is one. */
const scalars =
  (step: number, norm: number) =>
  ({ name }: ArraySpec): Numbers | undefined => {
    const value = { rate: 1e-3, step, norm, lossScale: 1024 }[name];
    return value === undefined ? undefined : Float32Array.of(value);
  };

/** A problem of one tensor in arrays of its own. */
const one = (length: number, more: Partial<UpdatedTensor & Pick<AdamWProblem, 'maxNorm' | 'scaled'>> = {}): AdamWProblem => {
  const { maxNorm = 1, scaled, ...own } = more;
  const tensors = [{ length, source: 0, from: 0, target: 0, at: 0, ...constants, ...own }];
  return { ...usual, maxNorm, ...(scaled ? { scaled } : {}), sources: [length], targets: [length], tensors };
};

/** Tensors of these lengths dealt to `arrays` arrays in turn. */
export function partsIn(lengths: readonly number[], arrays: number): { tensors: TensorPart[]; sources: number[] } {
  const sources = Array.from({ length: arrays }, () => unit);
  const tensors = lengths.map((length, i): TensorPart => {
    const source = i % arrays;
    const from = sources[source]!;
    sources[source]! += Math.ceil(length / unit) * unit;
    return { length, source, from };
  });
  return { tensors, sources };
}

/** Gradients in `from` arrays, parameters in `to`; rates, decay and ceilings of their own. */
function many(lengths: readonly number[], from: number, to: number): AdamWProblem {
  const gradients = partsIn(lengths, from);
  const targets = Array.from({ length: to }, () => 0);
  const tensors = gradients.tensors.map((part, i): UpdatedTensor => {
    const target = Math.floor((i * to) / lengths.length);
    const at = targets[target]!;
    targets[target]! += Math.ceil(part.length / unit) * unit;
    return { ...part, target, at, weightDecay: i % 2 === 0 ? 0.05 : 0, rate: 1 / (1 + (i % 3)), ceiling: i % 5 === 4 ? 0.0005 : Infinity };
  });
  return { ...usual, sources: gradients.sources, targets, tensors };
}

/** Lengths that no chunk divides. */
export const oddLengths = [1, 3, 63, 65, 0, 197, 1023, 2048, 2049, 5, 9000];
/** More tensors than a table holds. */
export const manyLengths = Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % 90));

/** Cases of the update. */
export const cases: readonly KernelCase<AdamWProblem>[] = [
  { name: 'first step, clipped', problem: one(133), tolerance: 1e-5, input: scalars(1, 7) },
  { name: 'step 1,000, not clipped', problem: one(70, { maxNorm: Infinity }), tolerance: 1e-5, input: scalars(1000, 7) },
  { name: 'ceiling', problem: one(65, { ceiling: 0.0005 }), tolerance: 1e-5, input: scalars(3, 0.1) },
  { name: 'a quarter of the learning rate', problem: one(65, { rate: 0.25 }), tolerance: 1e-5, input: scalars(2, 0.1) },
  { name: 'gradients times a loss scale', problem: one(66, { scaled: true }), tolerance: 1e-5, input: scalars(2, 7) },
  { name: 'scaled gradients that overflowed', problem: one(64, { scaled: true }), tolerance: 0, input: scalars(2, Infinity) },
  { name: 'scaled gradients that are no numbers', problem: one(7, { scaled: true }), tolerance: 0, input: scalars(2, NaN) },
  { name: 'nothing', problem: one(0), tolerance: 0, input: scalars(1, 1) },
  { name: 'eleven tensors that share arrays', problem: many(oddLengths, 2, 1), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'gradients in more arrays than are bound', problem: many(oddLengths, 6, 2), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'more tensors than a table holds', problem: many(manyLengths, 4, 1), tolerance: 1e-5, input: scalars(4, 7) },
  { name: 'BERT feed-forward, 3072x768', problem: one(3072 * 768), tolerance: 1e-5, input: scalars(10, 1), large: true },
  { name: 'decoder embeddings, 30522x384', problem: one(30522 * 384), tolerance: 1e-5, input: scalars(10, 1), large: true },
];
