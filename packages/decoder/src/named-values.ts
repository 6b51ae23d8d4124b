// Keys and values of blocks as named entries of graphs, and specs of what such graphs take.
import type { Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import type { KeyValues } from './attention.ts';

export const f32 = (...shape: TensorSpec['shape']): TensorSpec => ({ shape, dtype: 'f32' });
export const i32 = (...shape: TensorSpec['shape']): TensorSpec => ({ shape, dtype: 'i32' });

/** Keys and values of all blocks as `NAME.I.keys` and `NAME.I.values`. */
export const flatten = (name: string, blocks: readonly KeyValues[]): Record<string, Tensor> =>
  Object.fromEntries(blocks.flatMap(({ keys, values }, i) => [[`${name}.${i}.keys`, keys] as const, [`${name}.${i}.values`, values] as const]));

/** Keys and values by block from such names. */
export const unflatten = (name: string, entries: Tensors, depth: number): KeyValues[] =>
  Array.from({ length: depth }, (_, i) => ({ keys: entries[`${name}.${i}.keys`]!, values: entries[`${name}.${i}.values`]! }));

/** Specs of keys and values of all blocks as `NAME.I.keys` and `NAME.I.values`. */
export const keyValueSpecs = (name: string, depth: number, spec: TensorSpec): Record<string, TensorSpec> =>
  Object.fromEntries(Array.from({ length: depth }, (_, i) => ['keys', 'values'].map((part) => [`${name}.${i}.${part}`, spec] as const)).flat());
