// Training on the GPU device: AdamW in place, what reads values from before an update, determinism, nothing made between steps.
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { grad, ops, sizeOf, trace } from '@hybridmed/tensor';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { floats, gpu, greatestError, plain, scalar } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

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
      ['m.', 'v.'].map((prefix) => [`${prefix}${name as string}`, { data: new Float32Array(sizeOf(shape as number[])), shape: shape as number[] }]),
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
