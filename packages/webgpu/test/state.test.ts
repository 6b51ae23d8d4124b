// State of the GPU device: named arrays that stay there between runs.
import { array, ops, trace } from '@hybridmed/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { gpu } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

describe('state', () => {
  test('is written, read, overwritten, dropped', async () => {
    const state = gpu.createState({ a: array([1, 2, 3]), n: { data: Int32Array.of(7), shape: [] } });
    state.write({ a: array([4, 5, 6]), b: { data: new Float32Array(0), shape: [0, 3] } });
    expect(state.names().toSorted()).toEqual(['a', 'b', 'n']);
    expect(await state.read()).toEqual({
      a: { data: Float32Array.of(4, 5, 6), shape: [3] },
      b: { data: new Float32Array(0), shape: [0, 3] },
      n: { data: Int32Array.of(7), shape: [] },
    });
    state.drop(['a']);
    expect(state.names().toSorted()).toEqual(['b', 'n']);
    await expect(state.read(['a'])).rejects.toThrow('webgpu: state has no entry "a"');
  });

  test('takes float64 and shared memory', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    const state = gpu.createState({ a: { data: Float64Array.of(1, 2), shape: [2] }, b: { data: shared as Float32Array, shape: [2] } });
    expect((await state.read())['a']!.data).toEqual(Float32Array.of(1, 2));
    expect((await state.read())['b']!.data).toEqual(Float32Array.of(3, 4));
  });

  test('updates make entries, swap entries and change their shapes', async () => {
    const graph = trace({ data: {}, state: { a: f32([2]), b: f32([2]) } }, (_, { a, b }) => ({
      results: { old: a! },
      updates: { a: b!, b: ops.mul(a!, 10), c: ops.concat([a!, b!], 0) },
    }));
    const state = gpu.createState({ a: array([1, 2]), b: array([3, 4]) });
    const program = await gpu.compile(graph);
    expect((await program.run({}, state))['old']!.data).toEqual(Float32Array.of(1, 2));
    expect(await state.read()).toEqual({ a: array([3, 4]), b: array([10, 20]), c: array([1, 2, 3, 4]) });
    await program.run({}, state);
    expect(await state.read()).toEqual({ a: array([10, 20]), b: array([30, 40]), c: array([3, 4, 10, 20]) });
    const grow = await gpu.compile(trace({ data: {}, state: { c: f32(['n']) } }, (__, { c }) => ({ updates: { c: ops.broadcast(ops.sum(c!), [3, 2]) } })));
    await grow.run({}, state);
    expect((await state.read(['c']))['c']).toEqual({ data: new Float32Array(6).fill(37), shape: [3, 2] });
  });

  test('two entries swap', async () => {
    const graph = trace({ data: {}, state: { a: f32([2]), b: f32([2]) } }, (_, { a, b }) => ({ updates: { a: b!, b: ops.reshape(a!, [1, 2]) } }));
    const state = gpu.createState({ a: array([1, 2]), b: array([3, 4]) });
    await (await gpu.compile(graph)).run({}, state);
    expect(await state.read()).toEqual({ a: array([3, 4]), b: array([1, 2], [1, 2]) });
  });
});
