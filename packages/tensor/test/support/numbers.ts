// Numbers from a seed, the same everywhere, and comparison: what the devices' tests share.
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { mix32, sizeOf } from '@hybridmed/tensor';
import { expect } from 'vitest';

/** Numbers between -2 and 2. */
export function floats(shape: readonly number[], seed = 1): HostArray {
  return { data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => (mix32(mix32(i + 1) ^ seed) / 2 ** 32) * 4 - 2), shape };
}

/** Numbers between 0.5 and 2.5. */
export function positive(shape: readonly number[], seed = 1): HostArray {
  return { data: Float32Array.from(floats(shape, seed).data, (value) => value / 2 + 1.5), shape };
}

/** Whole numbers from 0 to below `end`. */
export function ids(shape: readonly number[], end: number, seed = 1): HostArray {
  return { data: Int32Array.from({ length: sizeOf(shape) }, (_, i) => mix32(mix32(i + 7) ^ seed) % end), shape };
}

/** Zeros and ones. */
export function mask(shape: readonly number[], seed = 1): HostArray {
  return { data: Float32Array.from(ids(shape, 2, seed).data), shape };
}

/** A scalar. */
export const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

/** The greatest error of any entry, relative to the reference's greatest number or 1. Fails where names, shapes or types differ. */
export function greatestError(actual: HostArrays, expected: HostArrays): number {
  expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
  const errors = Object.entries(expected).map(([name, { data, shape }]) => {
    expect({ name, shape: actual[name]!.shape, whole: actual[name]!.data instanceof Int32Array }).toEqual({ name, shape, whole: data instanceof Int32Array });
    const numbers = actual[name]!.data;
    const scale = [...data].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const difference = (value: number, i: number) =>
      Object.is(value, numbers[i]) ? 0 : Number.isNaN(value - numbers[i]!) ? Infinity : Math.abs(value - numbers[i]!);
    return [...data].reduce((most, value, i) => Math.max(most, difference(value, i)), 0) / scale;
  });
  return Math.max(0, ...errors);
}
