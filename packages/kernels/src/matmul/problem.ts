// What a matrix product is, and how its operands lie: what every tier's shader is made from.
import type { ElementType } from '../kernel.ts';
import { sizeOf } from '../kernel.ts';
import type { MapStep, View } from '../map/problem.ts';

/**
 * Element-wise steps on each element of the product before it is written. Value 0 is the element, then come `inputs` (views over
 * `shape`, which holds as many elements as the product), then the steps: bias, GELU, residual, scale, dropout.
 */
export interface Epilogue {
  readonly shape: readonly number[];
  readonly inputs: readonly View[];
  readonly steps: readonly MapStep[];
}

/**
 * C = A B over a batch: A is (m, k), or (k, m) where `transposeA`; B is (k, n), or (n, k) where `transposeB`. `lead` are the batch's
 * axes; `leadA` and `leadB` are the operands' strides along them, counted in whole matrices (0 repeats). Sums are f32, whatever
 * the operands and the result are stored as.
 */
export interface MatmulProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly lead: readonly number[];
  readonly leadA: readonly number[];
  readonly leadB: readonly number[];
  readonly epilogue?: Epilogue;
  /** Storage of A, B and the result; f32 by default. */
  readonly types?: readonly [a: Float, b: Float, y: Float];
  /** Whether operands may be rounded to f16 on their way in, however they are stored: what lets a GPU's matrix units take them. */
  readonly half?: boolean;
}

/** Types of storage for numbers that are no integers. */
export type Float = Exclude<ElementType, 'i32'>;

/** Storage of A, B and the result. */
export const typesOf = ({ types }: MatmulProblem): readonly [Float, Float, Float] => types ?? ['f32', 'f32', 'f32'];

/** Whether the product may be computed from operands of f16: rounding is only what the caller asked for, or was done when they were stored. */
export const takesHalf = (problem: MatmulProblem): boolean =>
  problem.half === true ||
  typesOf(problem)
    .slice(0, 2)
    .every((type) => type === 'f16');

/** Number of matrices in the result. */
export const batchOf = ({ lead }: MatmulProblem): number => sizeOf(lead);

/** An operand as a tier reads it: lines of elements, along k or along its other axis (A's rows, B's columns). */
export interface Operand {
  readonly name: 'a' | 'b';
  readonly type: Float;
  /** The axis whose elements are neighbours in memory. */
  readonly along: 'k' | 'outer';
  /** Whether lines are whole quads, so that four neighbours are one load. */
  readonly quads: boolean;
}

/** How A and B lie. */
export function operandsOf(problem: MatmulProblem): readonly [Operand, Operand] {
  const { m, n, k, transposeA, transposeB } = problem;
  const [a, b] = typesOf(problem);
  const operand = (name: 'a' | 'b', type: Float, alongK: boolean, outer: number): Operand => ({
    name,
    type,
    along: alongK ? 'k' : 'outer',
    quads: (alongK ? k : outer) % 4 === 0 && k > 0,
  });
  return [operand('a', a, !transposeA, m), operand('b', b, transposeB, n)];
}
