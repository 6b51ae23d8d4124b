// The GPU device as a device: state, lengths, determinism, errors.
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { array, compile, DeviceError, grad, keyData, ops, trace, valueAndGrad } from '@hybridmed/tensor';
import { DeviceLostError, webgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice, requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { floats, gpu, greatestError, ids, mask, plain, scalar } from './support.ts';

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

/** One AdamW step of a small network; `extra` adds results and updates from the values of the step. */
function trainingGraph(
  extra: (values: { old: Tensor; updated: Tensor; first: Tensor }) => { results?: Record<string, Tensor>; updates?: Record<string, Tensor> } = () => ({}),
): Graph {
  const parameters = { w: [5, 3], b: [3], v: [3, 1] } as const;
  const names = Object.keys(parameters) as (keyof typeof parameters)[];
  const state = Object.fromEntries(names.flatMap((name) => ['', 'm.', 'v.'].map((prefix) => [prefix + name, f32(parameters[name])])));
  return trace({ data: { x: f32(['B', 5]), y: f32(['B', 1]), rate: f32([]), step: f32([]) }, state }, ({ x, y, rate, step }, entries) => {
    const hidden = ops.gelu(ops.add(ops.matmul(x!, entries['w']!), entries['b']!));
    const residual = ops.sub(ops.matmul(hidden, entries['v']!), y!);
    const loss = ops.mean(ops.mul(residual, residual));
    const gradients = grad(
      loss,
      names.map((name) => entries[name]!),
    );
    const pick = (prefix: string) => names.map((name) => entries[prefix + name]!);
    const out = ops.adamW(
      { learningRate: rate!, step: step!, parameters: pick(''), gradients, firstMoments: pick('m.'), secondMoments: pick('v.') },
      {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.1,
        decay: [true, false, true],
        maxNorm: 0.5,
        ceilings: [Infinity, 0.2, Infinity],
        rates: [0.5, 1, 1],
      },
    );
    const updates = Object.fromEntries(
      names.flatMap((name, i) => [
        [name, out.parameters[i]!],
        [`m.${name}`, out.firstMoments[i]!],
        [`v.${name}`, out.secondMoments[i]!],
      ]),
    );
    const { results = {}, updates: more = {} } = extra({ old: entries['w']!, updated: out.parameters[0]!, first: out.firstMoments[0]! });
    return { results: { loss, norm: out.gradientNorm, ...results }, updates: { ...updates, ...more } };
  });
}

const initial = (): HostArrays => ({
  w: floats([5, 3], 11),
  b: floats([3], 12),
  v: floats([3, 1], 13),
  ...Object.fromEntries(
    [
      ['w', [5, 3]],
      ['b', [3]],
      ['v', [3, 1]],
    ].flatMap(([name, shape]) =>
      ['m.', 'v.'].map((prefix) => [
        `${prefix}${name as string}`,
        { data: new Float32Array((shape as number[]).reduce((a, b) => a * b, 1)), shape: shape as number[] },
      ]),
    ),
  ),
});
const batch = (step: number, size = 4): HostArrays => ({
  x: floats([size, 5], step),
  y: floats([size, 1], step + 100),
  rate: scalar(0.01),
  step: scalar(step),
});

describe('training', () => {
  test('AdamW follows the plain reference over ten steps, batch sizes changing', async () => {
    const graph = trainingGraph();
    const states = [gpu, plain].map((device) => device.createState(initial()));
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    for (let step = 1; step <= 10; step++) {
      const data = batch(step, step % 3 === 0 ? 7 : 4);
      expect(greatestError(await ours!.run(data, states[0]), await reference!.run(data, states[1])), `step ${step}`).toBeLessThan(1e-5);
    }
    expect(greatestError(await states[0]!.read(), await states[1]!.read())).toBeLessThan(1e-5);
  });

  test('values from before the update stay what they were where something reads them after it', async () => {
    const graph = trainingGraph(({ old, updated, first }) => ({
      results: { change: ops.sub(updated, old), turned: ops.transpose(ops.reshape(old, [3, 5])), moment: first, raw: old },
      updates: { previous: ops.mul(old, 1), average: ops.add(ops.mul(old, 0.5), ops.mul(updated, 0.5)), copy: updated },
    }));
    const states = [gpu, plain].map((device) => device.createState(initial()));
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    for (let step = 1; step <= 3; step++)
      expect(greatestError(await ours!.run(batch(step), states[0]), await reference!.run(batch(step), states[1]))).toBeLessThan(1e-5);
    expect(greatestError(await states[0]!.read(), await states[1]!.read())).toBeLessThan(1e-5);
  });

  test('same inputs give the same bits', async () => {
    const program = await gpu.compile(trainingGraph());
    const runs = [];
    for (let time = 0; time < 2; time++) {
      const state = gpu.createState(initial());
      const results = [];
      for (let step = 1; step <= 4; step++) results.push(await program.run(batch(step, 65), state));
      runs.push({ results, state: await state.read() });
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  test('a step that was planned creates no buffer, no bind group and no pipeline', async () => {
    const program = await gpu.compile(trainingGraph());
    const state = gpu.createState(initial());
    await program.run(batch(1), state);
    const made = (['createBuffer', 'createBindGroup', 'createComputePipelineAsync', 'createShaderModule'] as const).map((name) => vi.spyOn(gpu.gpu, name));
    for (let step = 2; step <= 20; step++) await program.run(batch(step), state);
    const calls = made.map((spy) => spy.mock.calls.length);
    made.forEach((spy) => spy.mockRestore());
    expect(calls).toEqual([0, 0, 0, 0]);
  });
});

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

describe('errors', () => {
  const graph = trace({ data: { x: f32(['B', 3]) }, state: { w: f32([3]) } }, ({ x }, { w }) => ({ updates: { w: ops.sum(ops.mul(x!, w!), { axes: [0] }) } }));

  test('name the input and what it needs', async () => {
    const program = await gpu.compile(graph);
    const state = gpu.createState({ w: floats([3]) });
    await expect(program.run({}, state)).rejects.toThrow('webgpu: input "x" is missing; give f32[B, 3]');
    await expect(program.run({ x: floats([2, 4]) }, state)).rejects.toThrow('webgpu: input "x" has shape [2, 4], needs [B, 3] with B=2');
    await expect(program.run({ x: ids([2, 3], 4) }, state)).rejects.toThrow('webgpu: input "x" must be f32, not i32');
    await expect(program.run({ x: floats([2, 3]) })).rejects.toThrow(DeviceError);
    await program.run({ x: floats([2, 3]) }, state);
    expect((await state.read())['w']!.shape).toEqual([3]);
  });

  test('a lost device says so, and a new one computes', async () => {
    const device = await nodeWebgpuDevice();
    const program = await device.compile(graph);
    const state = device.createState({ w: floats([3]) });
    await program.run({ x: floats([2, 3]) }, state);
    const host = await state.read();
    device.gpu.destroy();
    await expect(program.run({ x: floats([2, 3]) }, state)).rejects.toBeInstanceOf(DeviceLostError);
    await expect(state.read()).rejects.toThrow(/open a new device and load the last checkpoint$/);
    const again = await nodeWebgpuDevice();
    const restored = again.createState(host);
    await (await again.compile(graph)).run({ x: floats([2, 3]) }, restored);
    expect((await restored.read())['w']!.shape).toEqual([3]);
    await again.close();
  });
});
