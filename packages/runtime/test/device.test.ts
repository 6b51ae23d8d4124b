// Which device a name opens, and why: from rows that the test makes, since a machine has one set of devices.
import type { Device } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { deviceHelp, deviceNames, listDevices, openDevice } from '@hybridmed/runtime/device';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { deviceRows } from '../src/device/registry.ts';

const opened = new Set<string>();

const device = (kind: string, software = false): Device => {
  opened.add(kind);
  return { info: { kind, name: `${kind} of the test`, software }, close: async () => void opened.delete(kind) } as Device;
};
const absent = (kind: string) => async () => {
  throw new DeviceError(kind, 'is not installed\nat some line');
};
type Opener = () => Promise<Device>;
const [gpu, cpu, gpujs] = deviceRows as unknown as [{ open: Opener; hardware: Opener }, { open: Opener }, { open: Opener }];

vi.mock(import('../src/device/registry.ts'), async (original) => {
  const registry = await original();
  return { ...registry, deviceRows: registry.deviceRows.map((row) => ({ ...row })) as unknown as typeof registry.deviceRows };
});

/** What the machine of a test has. */
function machine(has: { readonly gpu?: 'hardware' | 'software'; readonly cpu?: boolean; readonly gpujs?: boolean }): void {
  gpu.open = has.gpu ? async () => device('webgpu', has.gpu === 'software') : absent('webgpu');
  gpu.hardware = has.gpu === 'hardware' ? gpu.open : absent('webgpu');
  cpu.open = has.cpu ? async () => device('cpu') : absent('cpu');
  gpujs.open = has.gpujs ? async () => device('gpujs', true) : absent('gpujs');
}

beforeEach(() => opened.clear());

test('names and help follow the registry', () => {
  expect(deviceNames).toEqual(['auto', 'webgpu', 'cpu', 'gpujs']);
  expect(deviceHelp).toBe('device to compute on: auto selects hardware WebGPU, else cpu, else gpujs');
});

const software = 'the only WebGPU adapter is software, which is slower than ONNX Runtime on the same processor';
const none = 'there is no hardware WebGPU adapter';

describe('auto', () => {
  test.each([
    ['all', { gpu: 'hardware', cpu: true, gpujs: true } as const, 'webgpu', 'a hardware WebGPU adapter is present', undefined],
    ['a software adapter', { gpu: 'software', cpu: true, gpujs: true } as const, 'cpu', none, software],
    ['no adapter', { cpu: true, gpujs: true }, 'cpu', none, undefined],
    ['JavaScript alone', { gpujs: true }, 'gpujs', `${none}, and ONNX Runtime cannot be used (cpu: is not installed)`, undefined],
  ])('on a machine with %s', async (_, has, kind, reason, listed) => {
    machine(has);
    const result = await openDevice('auto');
    expect([result.device.info.kind, result.reason]).toEqual([kind, reason]);
    await result.device.close();
    expect(await listDevices()).toMatchObject({ auto: kind, reason: listed ?? reason });
    expect([...opened]).toEqual([]);
  });

  test('names the command that adds an engine which is not installed', async () => {
    machine({ cpu: true, gpujs: true });
    gpu.open = gpu.hardware = async () => {
      throw new DeviceError('webgpu', 'Dawn is not installed', { install: 'npm install webgpu@1.2.3' });
    };
    const reason = 'webgpu: Dawn is not installed; add it with: npm install webgpu@1.2.3';
    const result = await openDevice('auto');
    expect([result.device.info.kind, result.reason]).toEqual(['cpu', reason]);
    await result.device.close();
    expect(await listDevices()).toMatchObject({ auto: 'cpu', reason, devices: [{ kind: 'webgpu', available: false, name: reason }, {}, {}] });
  });

  test('says of each device why it cannot be used', async () => {
    machine({});
    await expect(openDevice('auto')).rejects.toThrow(
      'auto: no device can be used (webgpu: webgpu: is not installed; cpu: cpu: is not installed; gpujs: gpujs: is not installed)',
    );
    expect(await listDevices()).toMatchObject({ auto: null, reason: 'no device can be used', devices: [{ name: 'webgpu: is not installed' }, {}, {}] });
  });

  test('takes only hardware for mixed precision', async () => {
    machine({ gpu: 'software', cpu: true, gpujs: true });
    await expect(openDevice('auto', { precision: 'mixed' })).rejects.toThrow(
      'auto: no hardware adapter computes in mixed precision (webgpu: is not installed); leave --precision out, or name --device webgpu',
    );
  });
});

test('a name opens that device and no other', async () => {
  machine({ gpu: 'software', cpu: true });
  expect(await openDevice('webgpu')).toMatchObject({ device: { info: { kind: 'webgpu' } }, reason: 'asked for' });
  await expect(openDevice('gpujs')).rejects.toThrow('gpujs: is not installed');
  await expect(openDevice('cpu', { precision: 'mixed' })).rejects.toThrow('cpu: computes in f32; mixed precision needs --device webgpu');
  await expect(openDevice('tpu' as 'cpu')).rejects.toThrow('tpu: there is no device of this name; choose one of auto, webgpu, cpu, gpujs');
});
