// A step on the GPU from outside: what is reported before it, what it allocates, how its memory grows, and its trace.
import { array, compile, grad, ops, trace, valueAndGrad } from '@hybridmed/tensor';
import type { Graph } from '@hybridmed/tensor';
import type { DeviceEvents, PlanSummary, StepTrace } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { expect, test, vi } from 'vitest';
import { floats, ids, runOutOfMemory, scalar } from './support.ts';

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

/** One step of gradient descent by AdamW on a layer whose weights are also added by row: their gradient has an array that is cleared. */
const training: Graph = trace(
  { data: { x: f32(['B', 9]), rows: { shape: ['B'], dtype: 'i32' }, rate: f32([]), step: f32([]) }, state: { w: f32([9, 7]), m: f32([9, 7]), v: f32([9, 7]) } },
  ({ x, rows, rate, step }, { w, m, v }) => {
    const loss = ops.mean(ops.gelu(ops.add(ops.matmul(x!, w!), ops.gather(w!, rows!))));
    const gradients = grad(loss, [w!]);
    const out = ops.adamW(
      { learningRate: rate!, step: step!, parameters: [w!], gradients, firstMoments: [m!], secondMoments: [v!] },
      { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decay: [true], maxNorm: 1, ceilings: [Infinity] },
    );
    return { results: { loss }, updates: { w: out.parameters[0]!, m: out.firstMoments[0]!, v: out.secondMoments[0]! } };
  },
);
const zeros = { data: new Float32Array(63), shape: [9, 7] };
const state = () => ({ w: floats([9, 7]), m: zeros, v: zeros });
const batch = (step: number) => ({ x: floats([5, 9], step), rows: ids([5], 9, step), rate: scalar(0.01), step: scalar(step) });

test('a plan is reported before anything is allocated, and shaders as they compile, each distinct one once', async () => {
  const order: string[] = [];
  let summary: PlanSummary | undefined;
  let allocated = 0;
  const compiled: [number, number][] = [];
  const events: DeviceEvents = {
    onPlan(plan) {
      order.push('plan');
      summary = plan;
      allocated = spy.mock.calls.length;
    },
    onCompile: (done, total) => void (order.push('compile'), compiled.push([done, total])),
  };
  const device = await nodeWebgpuDevice({ events });
  const spy = vi.spyOn(device.gpu, 'createBuffer');
  const pipelines = vi.spyOn(device.gpu, 'createComputePipelineAsync');
  const program = await device.compile(training);
  const entries = device.createState(state());
  const before = spy.mock.calls.length;
  await program.run(batch(1), entries);
  expect(allocated).toBe(before);
  expect(order[0]).toBe('plan');
  const { shaders, arenaBytes } = summary!;
  expect(compiled).toEqual(Array.from({ length: shaders + 1 }, (_, i) => [i, shaders]));
  expect(pipelines).toHaveBeenCalledTimes(shaders);
  const arenas = spy.mock.calls.map(([descriptor]) => descriptor).filter(({ label }) => label?.startsWith('arena'));
  expect(arenas.reduce((total, { size }) => total + size, 0)).toBe(arenaBytes);
  await device.close();
});

test('between step 50 and step 500 no buffer is created, and each step is one submission', async () => {
  const device = await nodeWebgpuDevice();
  const program = await device.compile(training);
  const entries = device.createState(state());
  for (let step = 1; step <= 50; step++) await program.run(batch(step), entries);
  const buffers = vi.spyOn(device.gpu, 'createBuffer');
  const submissions = vi.spyOn(device.gpu.queue, 'submit');
  for (let step = 51; step <= 500; step++) await program.run(batch(step), entries);
  expect(buffers).not.toHaveBeenCalled();
  expect(submissions).toHaveBeenCalledTimes(450);
  await device.close();
});

test("attention's memory, forward and backward, grows linearly with the tokens", async () => {
  const bytes: number[] = [];
  const counts = [197, 788, 3152];
  for (const tokens of counts) {
    const device = await nodeWebgpuDevice();
    const spy = vi.spyOn(device.gpu, 'createBuffer');
    const loss = compile(
      device,
      valueAndGrad(({ q, k, v }) => ops.sum(ops.attention(q!, k!, v!, { heads: 1 }))),
    );
    const x = (seed: number) => floats([1, tokens, 4], seed);
    const { 'grad.q': slope } = await loss({ q: x(1), k: x(2), v: x(3) });
    expect(slope!.data.every(Number.isFinite)).toBe(true);
    bytes.push(spy.mock.calls.reduce((total, [{ size }]) => total + size, 0));
    await device.close();
  }
  // Scores would need 4 T^2 bytes: 39.7 MB at 3,152 tokens.
  expect(bytes[2]!).toBeLessThan(4 * 3152 ** 2 * 0.1);
  const slopes = [1, 2].map((i) => (bytes[i]! - bytes[i - 1]!) / (counts[i]! - counts[i - 1]!));
  expect(slopes[1]! / slopes[0]!).toBeGreaterThan(0.9);
  expect(slopes[1]! / slopes[0]!).toBeLessThan(1.1);
});

test('one step is traced: every dispatch with its kernel, time, operations and bytes; what else is cleared is filled by its shader, and the numbers stay what they are', async () => {
  const traces: StepTrace[] = [];
  const device = await nodeWebgpuDevice({ events: { onTrace: (step) => traces.push(step) } });
  const other = await nodeWebgpuDevice();
  const [traced, plain] = await Promise.all([device.compile(training), other.compile(training)]);
  const [a, b] = [device.createState(state()), other.createState(state())];
  for (let step = 1; step <= 4; step++) expect(await traced.run(batch(step), a)).toEqual(await plain.run(batch(step), b));
  expect(await a.read()).toEqual(await b.read());
  if (!device.gpu.features.has('timestamp-query')) return expect(traces).toEqual([]);
  expect(traces).toHaveLength(1);
  const [step] = traces;
  const kernels = step!.traceEvents.filter(({ ph }) => ph === 'X');
  expect(kernels).toHaveLength(traced.summary({ B: 5 }).dispatches);
  expect(kernels.map(({ name }) => name)).toContain('adamw: 1 tensor');
  expect(kernels.some(({ name }) => name.startsWith('matmul'))).toBe(true);
  expect(kernels.map(({ name }) => name)).toContain('scatter-add: zero');
  for (const { ts, dur, args } of kernels) {
    expect(ts).toBeGreaterThanOrEqual(0);
    expect(dur).toBeGreaterThanOrEqual(0);
    expect(args).toMatchObject({ flops: expect.any(Number), bytes: expect.any(Number), workgroups: expect.any(Array) });
  }
  expect(step!.otherData).toMatchObject({ bindings: { B: 5 }, dispatches: kernels.length });
  await Promise.all([device.close(), other.close()]);
});

test('memory that runs out for a plan names what it needs', async () => {
  const device = await nodeWebgpuDevice();
  runOutOfMemory(device, 'arena');
  const sum = compile(device, ({ x }) => ops.sum(ops.exp(ops.matmul(x!, x!))));
  await expect(sum({ x: array([1, 2, 3, 4], [2, 2]) })).rejects.toThrow(/the intermediates' memory \(buffers of [\d, ]+ bytes\) needs \d+ bytes, more than/);
  await device.close();
});
