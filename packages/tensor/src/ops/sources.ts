// Ops without traced inputs (and random, whose only input is its key): inputs, constants, ranges, sizes.
import type { Dim, Shape } from '../dim.ts';
import type { DType, TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { createNode } from '../node.ts';
import type { OpRow } from './op-row.ts';
import { applyOne } from './op-row.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    full: { readonly value: number; readonly shape: Shape; readonly dtype: DType };
    iota: { readonly size: Dim };
    size: { readonly dim: Dim };
    random: { readonly shape: Shape; readonly stream: number };
  }
}

/** A named input of the graph. */
export function input(name: string, { shape, dtype }: TensorSpec): Tensor {
  return createNode('input', [], { name }, [{ shape, dtype }]).outputs[0]!;
}

/** A value repeated over a shape. */
export const full = (value: number, shape: Shape, dtype: DType = 'f32'): Tensor => applyOne('full', [], { value, shape, dtype });
/** 0, 1, ..., size-1 as i32 (size). */
export const iota = (size: Dim): Tensor => applyOne('iota', [], { size });
/** The number a dimension stands for, as an f32 scalar. */
export const size = (dim: Dim): Tensor => applyOne('size', [], { dim });
/**
 * Uniform f32 in [0, 1) over a shape, a pure function of the key (i32 [2]), the stream and the element's index:
 * h = mix(index XOR key0); u = mix((h + stream * 0x9e3779b9) XOR key1) >> 8, times 2^-24, where mix is MurmurHash3's 32-bit finalizer.
 */
export const random = (key: Tensor, shape: Shape, stream: number): Tensor => applyOne('random', [key], { shape, stream });

/** Rows of the source ops. */
export const sourceRows = {
  input: {
    documentation: 'A named input; its shape and dtype are given when tracing.',
    infer: (_inputs, _attributes, fail) => fail('inputs are made by trace'),
    gradient: 'zero',
  } satisfies OpRow<'input'>,
  full: {
    documentation: 'A value repeated over a shape.',
    infer: (_inputs, { shape, dtype }) => [{ shape, dtype }],
    gradient: 'zero',
  } satisfies OpRow<'full'>,
  iota: {
    documentation: '0, 1, ..., size-1 as i32 (size).',
    infer: (_inputs, attributes) => [{ shape: [attributes.size], dtype: 'i32' }],
    gradient: 'zero',
  } satisfies OpRow<'iota'>,
  size: {
    documentation: 'The number a dimension stands for, f32 scalar.',
    infer: () => [{ shape: [], dtype: 'f32' }],
    gradient: 'zero',
  } satisfies OpRow<'size'>,
  random: {
    documentation: "Uniform f32 in [0, 1) from a key (i32 [2]), a stream and each element's index.",
    infer: ([key], { shape }, fail) => {
      if (key!.dtype !== 'i32' || key!.shape.length !== 1 || key!.shape[0] !== 2) fail('the key is i32 [2]');
      return [{ shape, dtype: 'f32' }];
    },
    gradient: 'zero',
  } satisfies OpRow<'random'>,
};
