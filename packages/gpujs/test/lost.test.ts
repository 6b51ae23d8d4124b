// A portable device that is gone says so with the typed error of every device.
import { gpujsDevice } from '@hybridmed/gpujs';
import { DeviceError, DeviceLostError, ops, trace } from '@hybridmed/tensor';
import { expect, test, vi } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';

const context = vi.hoisted(() => ({ lost: false, isContextLost: () => context.lost }));

// A machine with WebGL, whose kernels double and whose context is lost when the test says so.
vi.mock('#gpu.js', () => ({
  GPU: class {
    static readonly isHeadlessGLSupported = true;
    static readonly isSinglePrecisionSupported = true;
    readonly context = context;
    createKernel = () => Object.assign((x: Float32Array) => x.map((value) => 2 * value), { setOutput: () => undefined });
    destroy = async () => undefined;
  },
}));

const graph = trace({ data: { x: { shape: [80, 80], dtype: 'f32' } } }, ({ x }) => ({ results: { y: ops.exp(x!), z: ops.reshape(x!, [6400]) } }));
const data = { x: floats([80, 80]) };

test('a context that is lost, before a run or during one', async () => {
  const device = gpujsDevice();
  expect(device.info.name).toBe('gpu.js (webgl)');
  const program = await device.compile(graph);
  expect((await program.run(data)).y!.data[7]).toBe(Math.fround(2 * data.x.data[7]!));
  context.lost = true;
  const error = await program.run(data).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DeviceLostError);
  expect(error).toBeInstanceOf(DeviceError);
  expect((error as Error).message).toBe('gpujs: the WebGL context was lost; open a new device and load the last checkpoint');
  context.lost = false;
  const kernel = vi.spyOn(context, 'isContextLost').mockReturnValueOnce(false).mockReturnValue(true);
  await expect(program.run(data)).rejects.toBeInstanceOf(DeviceLostError);
  kernel.mockRestore();
});

test('a device that was closed, whatever the size', async () => {
  const device = gpujsDevice();
  const small = await device.compile(trace({ data: { x: { shape: [2], dtype: 'f32' } } }, ({ x }) => ({ results: { y: ops.exp(x!) } })));
  await device.close();
  await expect(small.run({ x: floats([2]) })).rejects.toThrow('gpujs: the device was closed; open a new device and load the last checkpoint');
});
