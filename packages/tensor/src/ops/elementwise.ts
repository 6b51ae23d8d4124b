// Element-wise primitives: arithmetic with NumPy broadcasting, comparisons (1 or 0 as f32), selection and unary functions.
import type { DType } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { applyOne } from './op-row.ts';
import { full } from './sources.ts';

/** A traced value, or a number that becomes a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

function lift(value: Operand, dtype: DType): Tensor {
  return typeof value === 'number' ? full(value, [], dtype) : value;
}

function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a === 'number' ? (typeof b === 'number' ? 'f32' : b.dtype) : a.dtype;
  return [lift(a, dtype), lift(b, dtype)];
}

/** a + b, broadcast. */
export const add = (a: Operand, b: Operand): Tensor => applyOne('add', pair(a, b), {});
/** a - b, broadcast. */
export const sub = (a: Operand, b: Operand): Tensor => applyOne('sub', pair(a, b), {});
/** a * b, broadcast. */
export const mul = (a: Operand, b: Operand): Tensor => applyOne('mul', pair(a, b), {});
/** a / b, broadcast. */
export const div = (a: Operand, b: Operand): Tensor => applyOne('div', pair(a, b), {});
/** The greater of a and b, broadcast; on a tie the gradient goes to a. */
export const maximum = (a: Operand, b: Operand): Tensor => applyOne('maximum', pair(a, b), {});
/** 1 where a < b, else 0, as f32. */
export const less = (a: Operand, b: Operand): Tensor => applyOne('less', pair(a, b), {});
/** 1 where a = b, else 0, as f32. */
export const equal = (a: Operand, b: Operand): Tensor => applyOne('equal', pair(a, b), {});
/** a where the condition (f32) is not 0, else b; all three broadcast. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => applyOne('where', [condition, ...pair(a, b)], {});
/** -x. */
export const neg = (x: Tensor): Tensor => applyOne('neg', [x], {});
/** e to the x. */
export const exp = (x: Tensor): Tensor => applyOne('exp', [x], {});
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => applyOne('log', [x], {});
/** Square root. */
export const sqrt = (x: Tensor): Tensor => applyOne('sqrt', [x], {});
/** The Gauss error function. */
export const erf = (x: Tensor): Tensor => applyOne('erf', [x], {});
/** The same values in another dtype; to i32 truncates towards 0. */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : applyOne('cast', [x], { dtype }));
/** x, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => applyOne('stopGradient', [x], {});
