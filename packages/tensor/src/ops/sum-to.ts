// The adjoint of broadcasting: a sum over the axes along which a value was repeated.
import type { Shape } from '../dim.ts';
import { sameShape } from '../dim.ts';
import type { Tensor } from '../node.ts';
import { applyOne } from './op-row.ts';

/** Sums a broadcast result back to the shape it was broadcast from. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) => (axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : []));
  const summed = axes.length === 0 ? x : applyOne('sum', [x], { axes, keepDims: true });
  return sameShape(summed.shape, shape) ? summed : applyOne('reshape', [summed], { shape });
}
