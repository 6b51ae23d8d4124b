// Errors of the GPU device: inputs that do not fit, and a device that is lost.
import { DeviceError, DeviceLostError, ops, trace } from '@hybridmed/tensor';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, gpu, ids } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

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
