// Rules of reductions, and sums over rows as a product.
import type { Shape } from '@hybridmed/tensor';
import { dimProduct } from '@hybridmed/tensor';
import { elementTypes } from '../model/proto.ts';
import { reshapeTo } from './movement.ts';
import type { LoweringContext, Rule } from './rule.ts';

/**
 * Sums over all axes but the last, as a product with a row of ones: (..., d) -> (d). It runs two to three times as fast as ReduceSum,
 * and every bias has such a gradient.
 */
export function columnSums(context: LoweringContext, x: string, shape: Shape): string {
  const { b } = context;
  const [rows, width] = [dimProduct(shape.slice(0, -1)), shape.at(-1)!];
  const ones = b.once(`ones ${rows}`, () => b.node('Expand', [b.scalar(1), b.shape([1, rows])]));
  return reshapeTo(context, b.node('Gemm', [ones, reshapeTo(context, x, shape, [rows, width])]), [1, width], [width]);
}

const sum: Rule<'sum'> = (context, { inputs: [x], outputs: [out], attributes: { axes, keepDims } }) => {
  const { b, name } = context;
  const { shape, dtype } = x!;
  const leading = shape.length > 1 && axes.length === shape.length - 1 && axes.every((axis, at) => axis === at);
  if (!leading || dtype !== 'f32' || shape.includes(0)) return [b.node('ReduceSum', [name(x!), b.constant('i64', axes)], { keepdims: keepDims ? 1 : 0 })];
  return [reshapeTo(context, columnSums(context, name(x!), shape), shape.slice(-1), out!.shape)];
};

const max: Rule<'max'> = ({ b, name }, { inputs: [x], attributes: { axes, keepDims } }) => [
  b.node('ReduceMax', [name(x!), b.constant('i64', axes)], { keepdims: keepDims ? 1 : 0 }),
];

const argmax: Rule<'argmax'> = ({ b, name }, { inputs: [x] }) => [
  b.node('Cast', [b.node('ArgMax', [name(x!)], { axis: -1, keepdims: 0 })], { to: elementTypes.i32 }),
];

/** Rules of reductions. */
export const reductions = { sum, max, argmax };
