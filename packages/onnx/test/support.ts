// What the tests share: numbers from a seed, a trace run on the CPU device and the plain reference, and comparison.
import { plainDevice } from '@hybridmed/gpujs';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { mix32 } from '@hybridmed/tensor';
import { expect } from 'vitest';

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Numbers between -2 and 2. */
export function floats(shape: readonly number[], seed = 1): HostArray {
  return { data: Float32Array.from({ length: elements(shape) }, (_, i) => (mix32(mix32(i + 1) ^ seed) / 2 ** 32) * 4 - 2), shape };
}

/** Numbers between 0.5 and 2.5. */
export function positive(shape: readonly number[], seed = 1): HostArray {
  const { data } = floats(shape, seed);
  return { data: Float32Array.from(data as Float32Array, (value) => value / 2 + 1.5), shape };
}

/** Whole numbers from 0 to below `end`. */
export function ids(shape: readonly number[], end: number, seed = 1): HostArray {
  return { data: Int32Array.from({ length: elements(shape) }, (_, i) => mix32(mix32(i + 7) ^ seed) % end), shape };
}

/** Zeros and ones. */
export function mask(shape: readonly number[], seed = 1): HostArray {
  const { data } = ids(shape, 2, seed);
  return { data: Float32Array.from(data), shape };
}

export const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

export const cpu: Device = cpuDevice({ threads: 2 });
export const plain: Device = plainDevice({ precision: 'f32' });

/** Results of a graph without state on both devices. */
export async function runBoth(graph: Graph, data: HostArrays): Promise<{ cpu: HostArrays; plain: HostArrays }> {
  const [ours, reference] = await Promise.all([cpu.compile(graph), plain.compile(graph)]);
  return { cpu: await ours.run(data), plain: await reference.run(data) };
}

/** The greatest error of any entry, relative to the reference's greatest number or 1. Throws where names or shapes differ. */
export function greatestError(actual: HostArrays, expected: HostArrays): number {
  expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
  const errors = Object.entries(expected).map(([name, { data, shape }]) => {
    expect({ name, shape: actual[name]!.shape }).toEqual({ name, shape });
    const numbers = actual[name]!.data;
    const scale = [...data].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    return [...data].reduce((most, value, i) => (Object.is(value, numbers[i]) ? most : Math.max(most, Math.abs(value - numbers[i]!))), 0) / scale;
  });
  return Math.max(0, ...errors);
}
