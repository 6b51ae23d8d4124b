// Memory of the GPU device: what plans take, what they share, and what happens where it runs out.
import { grad, ops, trace } from '@hybridmed/tensor';
import { DeviceLimitError } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { floats, gpu, greatestError, plain, runOutOfMemory } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

describe('memory', () => {
  /** A deep chain of products: at any time two values are alive. */
  const deep = trace({ data: { x: f32(['B', 64]), w: f32([64, 64]) } }, ({ x, w }) => {
    let y = x!;
    for (let layer = 0; layer < 12; layer++) y = ops.gelu(ops.matmul(y, w!));
    return { results: { y: ops.sum(y) } };
  });

  test('intermediates share arenas, and the plan says so before it is run', async () => {
    const program = await gpu.compile(deep);
    const summary = program.summary({ B: 128 });
    // The last GELU leaves with the sum that reads it.
    expect(summary.unsharedBytes).toBeGreaterThanOrEqual(23 * 128 * 64 * 4);
    expect(summary.arenaBytes).toBeLessThanOrEqual(3 * 128 * 64 * 4);
    expect(summary.dispatches).toBe(24);
    expect(summary.shaders).toBe(3);
  });

  test("attention's memory grows with tokens, forward and backward", async () => {
    const spec = f32(['B', 'T', 24]);
    const graph = trace({ data: { q: spec, k: spec, v: spec } }, ({ q, k, v }) => {
      const total = ops.sum(ops.attention(q!, k!, v!, { heads: 3 }));
      const [dq, dk, dv] = grad(total, [q!, k!, v!]);
      return { results: { total, dq: dq!, dk: dk!, dv: dv! } };
    });
    const program = await gpu.compile(graph);
    const bytes = (tokens: number) => program.summary({ B: 1, T: tokens }).unsharedBytes;
    // Four times the tokens take four times the bytes, save for what alignment adds.
    for (const tokens of [197, 788]) expect(bytes(4 * tokens) / bytes(tokens)).toBeLessThan(4.01);
    expect(bytes(3152)).toBeLessThan(3152 * 3152 * 4);
  });

  test('what the plan says is what is allocated', async () => {
    const device = await nodeWebgpuDevice();
    const spy = vi.spyOn(device.gpu, 'createBuffer');
    const program = await device.compile(deep);
    const { arenaBytes } = program.summary({ B: 33 });
    await program.run({ x: floats([33, 64]), w: floats([64, 64]) });
    const arenas = spy.mock.calls.map(([descriptor]) => descriptor).filter(({ label }) => label?.startsWith('arena'));
    expect(arenas.reduce((total, { size }) => total + size, 0)).toBe(arenaBytes);
    await device.close();
  });

  test('memory that runs out is an error of the run, not of the device', async () => {
    const device = await nodeWebgpuDevice();
    const program = await device.compile(deep);
    const data = { x: floats([33, 64]), w: floats([64, 64]) };
    runOutOfMemory(device, 'arena');
    const error = await program.run(data).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect(error).toMatchObject({
      required: program.summary({ B: 33 }).arenaBytes,
      limit: undefined,
      message: expect.stringMatching(
        /^webgpu: the intermediates' memory \(buffers of [\d, ]+ bytes\) needs \d+ bytes, more than the adapter's memory holds beside what is there; use a smaller batch \(and accumulate gradients over several\), or a smaller model$/,
      ),
    });
    expect(greatestError(await program.run(data), await (await plain.compile(deep)).run(data))).toBeLessThan(1e-5);
    await device.close();
  });

  test.each(['the buffer of inputs', 'the state entry "w"'])('memory that runs out for %s is reported by the run, with its size', async (label) => {
    const device = await nodeWebgpuDevice();
    runOutOfMemory(device, label);
    const graph = trace({ data: { x: f32([33, 64]) }, state: { w: f32([64, 64]) } }, ({ x }, { w }) => ({ results: { y: ops.matmul(x!, w!) } }));
    const state = device.createState({ w: floats([64, 64]) });
    const program = await device.compile(graph);
    const error = await program.run({ x: floats([33, 64]) }, state).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect(error).toMatchObject({
      required: 4 * 64 * (label === 'the buffer of inputs' ? 33 : 64),
      message: expect.stringContaining(`${label} needs ${4 * 64 * (label === 'the buffer of inputs' ? 33 : 64)} bytes, more than the adapter's memory holds`),
    });
    await device.close();
  });

  test("an array over the adapter's limit is refused by name and size before anything is allocated", async () => {
    const graph = trace({ data: { x: f32(['B']) } }, ({ x }) => ({
      results: { y: ops.sum(ops.matmul(ops.reshape(ops.exp(x!), ['B', 1]), ops.reshape(x!, [1, 'B']))) },
    }));
    const program = await gpu.compile(graph);
    const limit = Math.min(gpu.gpu.limits.maxStorageBufferBindingSize, gpu.gpu.limits.maxBufferSize);
    const side = Math.ceil(Math.sqrt(limit / 4)) + 64;
    const error = await program.run({ x: floats([side]) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect(error).toMatchObject({
      limit,
      message: expect.stringMatching(
        /^webgpu: an intermediate of \d+ elements \(of matmul [^)]+\) needs \d+ bytes, but the adapter can bind \d+ in one binding; use a smaller batch \(and accumulate gradients over several\), or a smaller model$/,
      ),
    });
    expect((await program.run({ x: floats([3]) }))['y']!.data.length).toBe(1);
  });
});
