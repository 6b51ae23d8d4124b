// Movement: the same elements in another shape, order or place; and rows looked up by id.
import type { Dim, Shape } from '../dim.ts';
import { dimProduct, dimQuotient, sameShape } from '../dim.ts';
import type { Tensor } from '../node.ts';
import { applyOne } from './op-row.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    reshape: { readonly shape: Shape };
    transpose: { readonly permutation: readonly number[] };
    broadcast: { readonly shape: Shape };
    slice: { readonly starts: readonly number[]; readonly sizes: Shape; readonly strides: readonly number[] };
    pad: { readonly low: readonly number[]; readonly sizes: Shape; readonly interior: readonly number[] };
    concat: { readonly axis: number };
    gather: None;
    scatterAdd: { readonly rows: Dim };
  }
}

/** The same elements in row-major order under another shape; one dimension may be -1 and is worked out. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const hole = shape.indexOf(-1);
  const target =
    hole < 0
      ? shape
      : shape.map((dim, axis) => (axis === hole ? (dimQuotient(dimProduct(x.shape), dimProduct(shape.filter((_, other) => other !== hole))) ?? -1) : dim));
  return sameShape(x.shape, target) ? x : applyOne('reshape', [x], { shape: target });
}

/** Axes in another order; without an order, the last two swapped. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const order = permutation ?? [...Array(Math.max(0, rank - 2)).keys(), rank - 1, rank - 2];
  return applyOne('transpose', [x], { permutation: order });
}

/** x repeated to a shape it broadcasts to. */
export const broadcast = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : applyOne('broadcast', [x], { shape }));

/** Per axis: `sizes[i]` elements from `starts[i]` in steps of `strides[i]` (1 by default). */
export function slice(x: Tensor, starts: readonly number[], sizes: Shape, strides: readonly number[] = starts.map(() => 1)): Tensor {
  const whole = starts.every((start) => start === 0) && strides.every((stride) => stride === 1) && sameShape(x.shape, sizes);
  return whole ? x : applyOne('slice', [x], { starts, sizes, strides });
}

/** `count` elements of one axis from `start`. */
export function narrow(x: Tensor, axis: number, start: number, count: Dim): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return slice(
    x,
    x.shape.map((_, other) => (other === at ? start : 0)),
    x.shape.map((dim, other) => (other === at ? count : dim)),
  );
}

/** x placed in zeros of shape `sizes`, from `low` on, with `interior` zeros between neighbours: the adjoint of slice. */
export const pad = (x: Tensor, low: readonly number[], sizes: Shape, interior: readonly number[] = low.map(() => 0)): Tensor =>
  applyOne('pad', [x], { low, sizes, interior });

/** Tensors joined along an axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  return parts.length === 1 ? parts[0]! : applyOne('concat', parts, { axis: axis < 0 ? axis + parts[0]!.shape.length : axis });
}

/** Rows of a table by id: (R, ...rest), ids (...s) i32 -> (...s, ...rest). Ids outside 0..R-1 are clamped. */
export const gather = (table: Tensor, ids: Tensor): Tensor => applyOne('gather', [table, ids], {});

/** Sums rows into a table of zeros: updates (...s, ...rest), ids (...s) i32 -> (rows, ...rest); sums run in index order. */
export const scatterAdd = (updates: Tensor, ids: Tensor, rows: Dim): Tensor => applyOne('scatterAdd', [updates, ids], { rows });
