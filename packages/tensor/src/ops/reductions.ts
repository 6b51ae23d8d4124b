// Reductions over axes.
import type { Dim } from '../dim.ts';
import { dimProduct } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { div, equal, mul } from './elementwise.ts';
import { broadcast, reshape } from './movement.ts';
import { applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { size } from './sources.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    sum: { readonly axes: readonly number[]; readonly keepDims: boolean };
    max: { readonly axes: readonly number[]; readonly keepDims: boolean };
    argmax: None;
  }
}

/** Options of a reduction: axes (negative counts from the end; all by default), and whether reduced axes stay as size 1. */
export interface ReduceOptions {
  axes?: readonly number[];
  keepDims?: boolean;
}

function normalizeAxes(rank: number, axes?: readonly number[]): number[] {
  return (axes ?? Array.from({ length: rank }, (_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis)).toSorted((a, b) => a - b);
}

/** Sum over axes. */
export function sum(x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor {
  const reduced = normalizeAxes(x.shape.length, axes);
  return reduced.length === 0 ? x : applyOne('sum', [x], { axes: reduced, keepDims });
}

/** Greatest element over axes; ties share the gradient evenly. */
export function max(x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor {
  return applyOne('max', [x], { axes: normalizeAxes(x.shape.length, axes), keepDims });
}

/** Mean over axes. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const count = dimProduct(normalizeAxes(x.shape.length, options.axes).map((axis) => x.shape[axis]!));
  return div(sum(x, options), typeof count === 'number' ? count : size(count));
}

/** Index (i32) of the greatest element of the last axis, the first on a tie: (..., n) -> (...). */
export const argmax = (x: Tensor): Tensor => applyOne('argmax', [x], {});

function inferReduction(
  [x]: readonly TensorSpec[],
  { axes, keepDims }: { axes: readonly number[]; keepDims: boolean },
  fail: (problem: string) => never,
): TensorSpec[] {
  const { shape, dtype } = x!;
  if (axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= shape.length)) fail(`axes ${axes.join(', ')} are not axes of the input`);
  const reduced: Dim[] = shape.flatMap((dim, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [dim]));
  return [{ shape: reduced, dtype }];
}

/** A reduced tensor with its reduced axes back as 1. */
function restore(y: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    y,
    x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  );
}

/** Rows of the reductions. */
export const reductionRows = {
  sum: {
    documentation: 'Sum over axes.',
    infer: inferReduction,
    gradient: ({ inputs: [x], attributes: { axes } }, [dy]) => [broadcast(restore(dy!, x!, axes), x!.shape)],
  } satisfies OpRow<'sum'>,
  max: {
    documentation: 'Greatest element over axes (-3.4e38 where there is none).',
    infer: inferReduction,
    gradient: ({ inputs: [x], outputs: [y], attributes: { axes } }, [dy]) => {
      const winners = equal(x!, restore(y!, x!, axes));
      return [mul(winners, div(restore(dy!, x!, axes), sum(winners, { axes, keepDims: true })))];
    },
  } satisfies OpRow<'max'>,
  argmax: {
    documentation: 'Index of the greatest element of the last axis, the first on a tie: (..., n) -> (...) i32.',
    infer: ([x], _, fail) => {
      if (x!.shape.length === 0) fail('needs at least one axis');
      return [{ shape: x!.shape.slice(0, -1), dtype: 'i32' }];
    },
    gradient: 'zero',
  } satisfies OpRow<'argmax'>,
};
