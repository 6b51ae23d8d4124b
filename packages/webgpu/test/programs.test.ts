// Programs of the GPU device: sizes bound when they run, results that are inputs, many arrays, order of runs.
import type { Tensor } from '@hybridmed/tensor';
import { array, compile, keyData, ops, trace, valueAndGrad } from '@hybridmed/tensor';
import { webgpuDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, gpu, greatestError, mask, plain, scalar } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

describe('programs', () => {
  test('lengths are bound when a program runs', async () => {
    const graph = trace({ data: { x: f32(['B', 'L', 4]), seen: f32(['B', 'L']) } }, ({ x, seen }) => ({
      results: { y: ops.attention(x!, x!, x!, { heads: 2, mask: seen! }), n: ops.mean(x!) },
    }));
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    for (const [b, l] of [
      [2, 3],
      [1, 65],
      [3, 1],
      [2, 3],
      [0, 3],
    ] as const) {
      const data = { x: floats([b, l, 4]), seen: { data: new Float32Array(b * l).fill(1), shape: [b, l] } };
      const results = await ours.run(data);
      expect(results['y']!.shape).toEqual([b, l, 4]);
      if (b > 0) expect(greatestError(results, await reference.run(data))).toBeLessThan(1e-5);
    }
  });

  test('functions of typed arrays and their gradients', async () => {
    const loss = compile(
      gpu,
      valueAndGrad(({ x, w }) => ops.sum(ops.gelu(ops.matmul(x!, w!)))),
    );
    const result = await loss({ x: array([1, 2, 3, 4], [2, 2]), w: array([0.5, -0.5], [2, 1]) });
    expect(result['value']!.data[0]).toBeCloseTo(-0.308538, 5);
    expect(result['grad.w']!.shape).toEqual([2, 1]);
  });

  test('random numbers equal the reference bit by bit', async () => {
    const draw = ({ key }: { key?: Tensor }) => ops.random(key!, [3, 1023], 5);
    const data = { key: keyData(3, 7) };
    expect(await compile(gpu, draw)(data)).toEqual(await compile(plain, draw)(data));
  });

  test('results may be inputs, views of them, or the same value twice', async () => {
    const graph = trace({ data: { x: f32([2, 3]) } }, ({ x }) => ({
      results: { x: x!, turned: ops.transpose(x!), twice: x!, flat: ops.reshape(x!, [6]), nothing: ops.slice(x!, [0, 0], [0, 3]) },
    }));
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    expect(await ours.run({ x: floats([2, 3]) })).toEqual(await reference.run({ x: floats([2, 3]) }));
  });

  test('more inputs than one shader can bind', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `x${i}`);
    const data = Object.fromEntries(names.map((name, i) => [name, floats([5], i + 1)]));
    const add = (inputs: Record<string, Tensor>) => names.map((name) => ops.exp(inputs[name]!)).reduce(ops.add);
    expect(greatestError(await compile(gpu, add as never)(data), await compile(plain, add as never)(data))).toBeLessThan(1e-6);
  });

  test('eight arrays per shader, the least an adapter has, are enough', async () => {
    const { adapter } = await requestNodeAdapter();
    const device = webgpuDevice(await adapter.requestDevice({ requiredLimits: { maxStorageBuffersPerShaderStage: 8 } }));
    expect(device.gpu.limits.maxStorageBuffersPerShaderStage).toBe(8);
    const data = {
      q: floats([2, 5, 8]),
      k: floats([2, 7, 8], 2),
      v: floats([2, 7, 8], 3),
      seen: mask([2, 7]),
      ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x${i}`, floats([2, 5, 8], i + 9)])),
    };
    const fn = valueAndGrad(
      ({ q, k, v, seen, ...more }) =>
        ops.sum(
          ops.mul(
            Object.values(more)
              .map((x) => ops.gelu(x))
              .reduce(ops.add),
            ops.attention(q!, k!, v!, { heads: 2, mask: seen! }),
          ),
        ),
      ['q', 'k', 'v', 'x3'],
    );
    expect(greatestError(await compile(device, fn)(data), await compile(plain, fn)(data))).toBeLessThan(1e-5);
    await device.close();
  });

  test('runs that were not awaited keep their order', async () => {
    const program = await gpu.compile(
      trace({ data: { x: f32([]) }, state: { a: f32([]) } }, ({ x }, { a }) => ({
        results: { a: ops.add(ops.mul(a!, 10), x!) },
        updates: { a: ops.add(ops.mul(a!, 10), x!) },
      })),
    );
    const state = gpu.createState({ a: scalar(0) });
    const results = await Promise.all([1, 2, 3].map((x) => program.run({ x: scalar(x) }, state)));
    expect(results.map((result) => result['a']!.data[0])).toEqual([1, 12, 123]);
  });
});
