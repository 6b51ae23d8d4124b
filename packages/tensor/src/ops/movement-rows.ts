// Rows of the movement ops: every gradient is another movement.
import type { Dim } from '../dim.ts';
import { broadcastShapes, dimProduct, dimSum, formatShape, sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import { gather, narrow, pad, reshape, scatterAdd, slice, transpose } from './movement.ts';
import { sumTo } from './sum-to.ts';
import type { OpRow } from './op-row.ts';

/** Inverse of a permutation of axes. */
function inverse(permutation: readonly number[]): number[] {
  const result: number[] = [];
  permutation.forEach((from, to) => (result[from] = to));
  return result;
}

/** Rows of the movement ops. */
export const movementRows = {
  reshape: {
    documentation: 'The same elements in row-major order under another shape.',
    view: true,
    infer: ([x], { shape }, fail) => {
      if (dimProduct(x!.shape) !== dimProduct(shape)) fail(`${dimProduct(x!.shape)} elements do not fill ${formatShape(shape)}`);
      return [{ shape, dtype: x!.dtype }];
    },
    gradient: ({ inputs: [x] }, [dy]) => [reshape(dy!, x!.shape)],
  } satisfies OpRow<'reshape'>,
  transpose: {
    documentation: 'Axes in another order: output axis i is input axis permutation[i].',
    view: true,
    infer: ([x], { permutation }, fail) => {
      const rank = x!.shape.length;
      if (permutation.length !== rank || permutation.toSorted((a, b) => a - b).some((axis, i) => axis !== i))
        fail(`[${permutation.join(', ')}] is not a permutation of ${rank} axes`);
      return [{ shape: permutation.map((axis) => x!.shape[axis]!), dtype: x!.dtype }];
    },
    gradient: ({ attributes: { permutation } }, [dy]) => [transpose(dy!, inverse(permutation))],
  } satisfies OpRow<'transpose'>,
  broadcast: {
    documentation: 'x repeated to a shape it broadcasts to.',
    view: true,
    infer: ([x], { shape }, fail) => {
      const common = broadcastShapes(x!.shape, shape);
      if (!common || !sameShape(common, shape)) fail(`does not broadcast to ${formatShape(shape)}`);
      return [{ shape, dtype: x!.dtype }];
    },
    gradient: ({ inputs: [x] }, [dy]) => [sumTo(dy!, x!.shape)],
  } satisfies OpRow<'broadcast'>,
  slice: {
    documentation: 'Per axis, sizes[i] elements from starts[i] in steps of strides[i].',
    view: true,
    infer: ([x], { starts, sizes, strides }, fail) => {
      const { shape, dtype } = x!;
      if (starts.length !== shape.length || sizes.length !== shape.length || strides.length !== shape.length)
        fail('starts, sizes and strides need one number per axis');
      shape.forEach((dim, axis) => {
        const [start, count, stride] = [starts[axis]!, sizes[axis]!, strides[axis]!];
        if (start < 0 || stride < 1) fail(`axis ${axis}: start ${start}, stride ${stride}`);
        if (typeof dim === 'number' && typeof count === 'number' && count > 0 && start + (count - 1) * stride >= dim)
          fail(`axis ${axis}: ${count} elements from ${start} in steps of ${stride} pass its end`);
      });
      return [{ shape: sizes, dtype }];
    },
    gradient: ({ inputs: [x], attributes: { starts, strides } }, [dy]) => [
      pad(
        dy!,
        starts,
        x!.shape,
        strides.map((stride) => stride - 1),
      ),
    ],
  } satisfies OpRow<'slice'>,
  pad: {
    documentation: 'x in zeros of shape sizes, from low on, with interior zeros between neighbours.',
    infer: ([x], { low, sizes, interior }, fail) => {
      if (low.length !== x!.shape.length || sizes.length !== x!.shape.length) fail('low and sizes need one number per axis');
      x!.shape.forEach((dim, axis) => {
        const size = sizes[axis]!;
        if (typeof dim === 'number' && typeof size === 'number' && dim > 0 && low[axis]! + (dim - 1) * (interior[axis]! + 1) >= size)
          fail(`axis ${axis}: the input passes the end of ${size}`);
      });
      return [{ shape: sizes, dtype: x!.dtype }];
    },
    gradient: ({ inputs: [x], attributes: { low, interior } }, [dy]) => [
      slice(
        dy!,
        low,
        x!.shape,
        interior.map((zeros) => zeros + 1),
      ),
    ],
  } satisfies OpRow<'pad'>,
  concat: {
    documentation: 'Tensors joined along an axis; a gradient needs fixed sizes there before the last part.',
    infer: (inputs, { axis }, fail) => {
      const first = inputs[0]!;
      for (const { shape, dtype } of inputs) {
        if (dtype !== first.dtype || shape.length !== first.shape.length || shape.some((dim, other) => other !== axis && dim !== first.shape[other]))
          fail(`parts differ outside axis ${axis}`);
      }
      const total = dimSum(inputs.map(({ shape }) => shape[axis]!));
      return [{ shape: first.shape.map((dim, other) => (other === axis ? total : dim)), dtype: first.dtype }];
    },
    gradient: ({ inputs, attributes: { axis } }, [dy]) => {
      let start: Dim = 0;
      return inputs.map((part) => {
        if (typeof start !== 'number') throw new Error(`concat: no gradient where a part before the last has an open size on axis ${axis}`);
        const piece = narrow(dy!, axis, start, part.shape[axis]!);
        start = dimSum([start, part.shape[axis]!]);
        return piece;
      });
    },
  } satisfies OpRow<'concat'>,
  gather: {
    documentation: 'Rows of a table by id: (R, ...rest), ids (...s) -> (...s, ...rest).',
    infer: ([table, ids], _, fail) => {
      if (ids!.dtype !== 'i32') fail('ids are i32');
      if (table!.shape.length === 0) fail('the table needs at least one axis');
      return [{ shape: [...ids!.shape, ...table!.shape.slice(1)], dtype: table!.dtype }];
    },
    gradient: ({ inputs: [table, ids] }, [dy]) => [scatterAdd(dy!, ids!, table!.shape[0]!), undefined],
  } satisfies OpRow<'gather'>,
  scatterAdd: {
    documentation: 'Sums rows into zeros: updates (...s, ...rest), ids (...s) -> (rows, ...rest).',
    infer: ([updates, ids]: readonly TensorSpec[], { rows }, fail) => {
      const lead = ids!.shape.length;
      if (ids!.dtype !== 'i32' || !sameShape(updates!.shape.slice(0, lead), ids!.shape)) fail('ids are i32 and match the leading axes of the updates');
      return [{ shape: [rows, ...updates!.shape.slice(lead)], dtype: updates!.dtype }];
    },
    gradient: ({ inputs: [, ids] }, [dy]) => [gather(dy!, ids!), undefined],
  } satisfies OpRow<'scatterAdd'>,
};
