// Losses over a vocabulary in parts: the reference's numbers on odd sizes, memory that a part bounds, and bindings under the adapter's limit.
import { plainDevice } from '@hybridmed/gpujs';
import type { Graph, HostArrays, Tensors } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { DeviceLimitError, requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, gpu, greatestError, ids, plain } from './support.ts';

afterAll(() => gpu.close());

/** A device whose adapter binds no more than so many bytes. */
async function limitedDevice(maxStorageBufferBindingSize: number): Promise<WebgpuDevice> {
  const device = await requestDevice((await requestNodeAdapter()).adapter);
  const { limits } = device;
  const { minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment, maxBufferSize, maxStorageBuffersPerShaderStage } = limits;
  const fake = {
    minStorageBufferOffsetAlignment,
    minUniformBufferOffsetAlignment,
    maxBufferSize,
    maxStorageBuffersPerShaderStage,
    maxStorageBufferBindingSize,
  };
  Object.defineProperty(device, 'limits', { value: fake });
  return webgpuDevice(device);
}

const f32 = (...shape: (number | string)[]) => ({ shape, dtype: 'f32' as const });
const i32 = (...shape: (number | string)[]) => ({ shape, dtype: 'i32' as const });

/** Both losses, weighted by row, and the gradients of the student's inputs. */
function lossGraph(words: number, width: number, teacherWidth: number | undefined, temperature = 2): Graph {
  const head = (prefix: string, size: number) => ({ [`${prefix}h`]: f32('N', size), [`${prefix}w`]: f32(words, size), [`${prefix}b`]: f32(words) });
  const data = { ...head('', width), t: i32('N'), seen: f32('N'), ...(teacherWidth === undefined ? {} : head('teacher_', teacherWidth)) };
  return trace({ data }, ({ h, w, b, t, seen, teacher_h: th, teacher_w: tw, teacher_b: tb }: Tensors) => {
    const teacher = th ? { teacher: { hidden: th, weight: tw!, bias: tb!, temperature } } : {};
    const { crossEntropy, divergence } = ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t!, ...teacher });
    const rows = divergence ? ops.add(crossEntropy, ops.mul(divergence, 3)) : crossEntropy;
    const [dh, dw, db] = grad(ops.sum(ops.mul(rows, seen!)), [h!, w!, b!]);
    return { results: { crossEntropy, ...(divergence ? { divergence } : {}), dh: dh!, dw: dw!, db: db! } };
  });
}

function dataOf(rows: number, words: number, width: number, teacherWidth?: number): HostArrays {
  const target = ids([rows], words);
  // Every fifth row is ignored by its target; every seventh is masked.
  const t = Int32Array.from(target.data, (id, i) => (i % 5 === 4 ? -100 : id));
  const seen = Float32Array.from({ length: rows }, (_, i) => (i % 7 === 6 ? 0 : 1 / rows));
  const student = {
    h: floats([rows, width]),
    w: floats([words, width], 2),
    b: floats([words], 3),
    t: { data: t, shape: [rows] },
    seen: { data: seen, shape: [rows] },
  };
  if (teacherWidth === undefined) return student;
  return { ...student, teacher_h: floats([rows, teacherWidth], 4), teacher_w: floats([words, teacherWidth], 5), teacher_b: floats([words], 6) };
}

describe.each([
  { rows: 3, words: 200, width: 2, teacherWidth: 1, bytes: 2048 },
  { rows: 63, words: 1000, width: 8, teacherWidth: 5, bytes: 64_000 },
  { rows: 65, words: 333, width: 7, teacherWidth: 8, bytes: 40_000 },
  { rows: 197, words: 1001, width: 8, teacherWidth: 3, bytes: 120_000 },
  { rows: 1023, words: 333, width: 5, teacherWidth: 4, bytes: 300_000 },
])('$rows rows, $words words, bindings of $bytes bytes', ({ rows, words, width, teacherWidth, bytes }) => {
  test.each([undefined, teacherWidth])('teacher of width %s: losses and gradients are those of all logits at once', async (teacher) => {
    const device = await limitedDevice(bytes);
    const graph = lossGraph(words, width, teacher);
    const data = dataOf(rows, words, width, teacher);
    const [ours, reference] = await Promise.all([device.compile(graph), plain.compile(graph)]);
    expect(4 * rows * words).toBeGreaterThan(bytes);
    const [first, again] = [await ours.run(data), await ours.run(data)];
    expect(greatestError(first, await reference.run(data))).toBeLessThan(2e-5);
    expect(again).toEqual(first);
    await device.close();
  });
});

test('one row, over more words than are kept', async () => {
  const words = 4_200_000;
  const graph = lossGraph(words, 1, undefined);
  const data = dataOf(1, words, 1);
  // Sums over so many words need float64 on the reference's side.
  const [ours, reference] = await Promise.all([gpu.compile(graph), plainDevice({ precision: 'f64' }).compile(graph)]);
  expect(ours.summary({ N: 1 }).dispatches).toBeGreaterThan(12);
  expect(greatestError(await ours.run(data), await reference.run(data))).toBeLessThan(2e-5);
});

test('a batch of nothing but ignored rows gives zeros', async () => {
  const device = await limitedDevice(64_000);
  const data = { ...dataOf(63, 1000, 8), t: { data: new Int32Array(63).fill(-100), shape: [63] } };
  const results = await (await device.compile(lossGraph(1000, 8, undefined))).run(data);
  for (const [name, { data: numbers }] of Object.entries(results))
    expect(
      numbers.every((value) => value === 0),
      name,
    ).toBe(true);
  await device.close();
});

describe('memory', () => {
  const words = 30_522;
  const program = gpu.compile(lossGraph(words, 64, 64));

  test('is bounded by a part: logits of 30,522 words are never there at once', async () => {
    const rows = 8 * 48;
    const { arenaBytes } = (await program).summary({ N: rows });
    // Two parts of 8 MiB each, the weight's gradient, and little beside.
    expect(arenaBytes).toBeLessThan(2 * 8 * 2 ** 20 + 4 * words * 64 + 2 ** 20);
    expect(arenaBytes).toBeLessThan(4 * rows * words);
    expect((await program).summary({ N: 8 * rows }).arenaBytes).toBeLessThan(arenaBytes + 4 * 8 * rows * (6 * 64 + 16));
  });

  test("no binding passes the adapter's limit where all logits would", async () => {
    const device = await limitedDevice(8 * 2 ** 20);
    const limited = await device.compile(lossGraph(words, 64, 64));
    expect(limited.summary({ N: 4096 }).arenaBytes).toBeGreaterThan(0);
    const whole = trace({ data: { h: f32('N', 64), w: f32(words, 64), t: i32('N') } }, ({ h, w, t }) => ({
      results: { loss: ops.sum(ops.crossEntropy(ops.matmul(h!, w!, { transposeB: true }), t!)) },
    }));
    const all = await device.compile(whole);
    expect(() => all.summary({ N: 4096 })).toThrow(DeviceLimitError);
    await device.close();
  });

  test('few logits are kept: the same dispatches as the losses of logits', async () => {
    const graph = trace({ data: { h: f32('N', 8), w: f32(100, 8), b: f32(100), t: i32('N') } }, ({ h, w, b, t }) => {
      const logits = ops.add(ops.matmul(h!, w!, { transposeB: true }), b!);
      const fused = ops.sum(ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t! }).crossEntropy);
      return { results: { fused, plain: ops.sum(ops.crossEntropy(logits, t!)) } };
    });
    // Equal nodes are merged: both are one.
    expect((await gpu.compile(graph)).summary({ N: 5 }).dispatches).toBeLessThanOrEqual(4);
  });
});
