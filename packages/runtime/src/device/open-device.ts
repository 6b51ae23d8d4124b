// Opens the device that a command runs on, and says why: a hardware WebGPU adapter, else the processor with ONNX Runtime, else gpu.js.
import type { Device, Precision } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import type { TuningMode } from '@hybridmed/webgpu';
import { deviceMessages } from './device-messages.ts';

/** Names a user can give. */
export const deviceNames = ['auto', 'cpu', 'webgpu', 'gpujs'] as const;

/** A device's name. */
export type DeviceName = (typeof deviceNames)[number];

/** How a WebGPU device chooses variants of kernels. */
export const tuningModes = ['off', 'cached', 'measure'] as const satisfies readonly TuningMode[];

/** A device, and the reason for it. */
export interface OpenedDevice {
  readonly device: Device;
  readonly reason: string;
}

/** Options: threads of the CPU device; the precision (default `f32`); how a WebGPU device chooses variants (default `off`), and who receives its messages. */
export interface DeviceOptions {
  threads?: number;
  precision?: Precision;
  tuning?: TuningMode;
  onMessage?: (text: string) => void;
}

async function openCpu({ threads }: DeviceOptions): Promise<Device> {
  const { cpuDevice } = await import('@hybridmed/onnx');
  return cpuDevice(threads === undefined ? {} : { threads });
}

async function openWebgpu(hardwareOnly: boolean, { onMessage, tuning = 'off', precision = 'f32' }: DeviceOptions): Promise<Device> {
  const { nodeWebgpuDevice } = await import('@hybridmed/webgpu/node');
  const events = deviceMessages(onMessage, process.env.HYBRIDMED_TRACE);
  return nodeWebgpuDevice({ events, tuning, precision, ...(hardwareOnly ? { software: false } : {}) });
}

async function openGpujs(): Promise<Device> {
  const { gpujsDevice } = await import('@hybridmed/gpujs');
  return gpujsDevice();
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Opens a device by name. `auto` never takes a software adapter. Throws a DeviceError saying what is missing, or that a device has no mixed precision. */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<OpenedDevice> {
  if (options.precision === 'mixed' && (name === 'cpu' || name === 'gpujs'))
    throw new DeviceError(name, 'computes in f32; mixed precision needs --device webgpu and an adapter with 16-bit floats');
  if (name === 'cpu') return { device: await openCpu(options), reason: 'asked for' };
  if (name === 'webgpu') return { device: await openWebgpu(false, options), reason: 'asked for' };
  if (name === 'gpujs') return { device: await openGpujs(), reason: 'asked for' };
  const refused: string[] = [];
  try {
    return { device: await openWebgpu(true, options), reason: 'a hardware WebGPU adapter is present' };
  } catch (error) {
    if (options.precision === 'mixed')
      throw new DeviceError('auto', `no hardware adapter computes in mixed precision (${firstLine(error)}); leave --precision out, or name --device webgpu`);
    refused.push(`webgpu: ${firstLine(error)}`);
  }
  try {
    return { device: await openCpu(options), reason: 'there is no hardware WebGPU adapter' };
  } catch (error) {
    refused.push(`cpu: ${firstLine(error)}`);
  }
  try {
    return { device: await openGpujs(), reason: `neither WebGPU nor ONNX Runtime can be used (${refused.join('; ')})` };
  } catch (error) {
    throw new DeviceError('auto', `no device can be used (${[...refused, `gpujs: ${firstLine(error)}`].join('; ')})`);
  }
}

/** A device that is opened at the first call of `open`, and closed if it was opened. */
export function lazyDevice(name: DeviceName, options: DeviceOptions = {}): { open(): Promise<Device>; close(): Promise<void> } {
  let opened: Promise<Device> | undefined;
  return {
    open: () => (opened ??= openDevice(name, options).then(({ device }) => device)),
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** One kind of device, as `devices` lists it. */
export interface DeviceListing {
  readonly kind: Exclude<DeviceName, 'auto'>;
  readonly available: boolean;
  readonly software: boolean;
  /** The engine and adapter, or why it is absent. */
  readonly name: string;
}

/** Lists the available devices, what `auto` takes, and why. */
export async function listDevices(): Promise<{ devices: DeviceListing[]; auto: DeviceName | null; reason: string }> {
  const devices: DeviceListing[] = [];
  for (const kind of ['webgpu', 'cpu', 'gpujs'] as const) {
    try {
      const { device } = await openDevice(kind);
      devices.push({ kind, available: true, software: device.info.software, name: device.info.name });
      await device.close();
    } catch (error) {
      devices.push({ kind, available: false, software: false, name: firstLine(error) });
    }
  }
  const automatic = devices.find(({ kind, available, software }) => available && !(kind === 'webgpu' && software));
  const software = devices.some(({ kind, available, software: slow }) => kind === 'webgpu' && available && slow);
  const reasons: Record<string, string> = {
    webgpu: 'a hardware WebGPU adapter is present',
    cpu: software ? 'the only WebGPU adapter is software, which is slower than ONNX Runtime on the same processor' : 'there is no WebGPU adapter',
    gpujs: 'neither a hardware WebGPU adapter nor ONNX Runtime can be used',
  };
  return { devices, auto: automatic?.kind ?? null, reason: automatic ? reasons[automatic.kind]! : 'no device can be used' };
}
