// Which device a command runs on, and why: a hardware WebGPU adapter, else the processor with ONNX Runtime, else gpu.js.
import type { Device } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';

/** Names a user can give. */
export const deviceNames = ['auto', 'cpu', 'webgpu', 'gpujs'] as const;

/** A device's name. */
export type DeviceName = (typeof deviceNames)[number];

/** A device and the sentence that says why it was taken. */
export interface ChosenDevice {
  readonly device: Device;
  readonly reason: string;
}

/** Options of choosing: threads for the CPU device. */
export interface DeviceOptions {
  threads?: number;
}

async function openCpu({ threads }: DeviceOptions): Promise<Device> {
  const { cpuDevice } = await import('@hybridmed/onnx');
  return cpuDevice(threads === undefined ? {} : { threads });
}

async function openWebgpu(hardwareOnly: boolean): Promise<Device> {
  const { nodeWebgpuDevice } = await import('@hybridmed/webgpu/node');
  return nodeWebgpuDevice(hardwareOnly ? { software: false } : {});
}

async function openGpujs(): Promise<Device> {
  const { gpujsDevice } = await import('@hybridmed/gpujs');
  return gpujsDevice();
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Opens a device by name. `auto` never takes a software adapter. Throws a DeviceError saying what is missing. */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<ChosenDevice> {
  if (name === 'cpu') return { device: await openCpu(options), reason: 'asked for' };
  if (name === 'webgpu') return { device: await openWebgpu(false), reason: 'asked for' };
  if (name === 'gpujs') return { device: await openGpujs(), reason: 'asked for' };
  const refused: string[] = [];
  try {
    return { device: await openWebgpu(true), reason: 'a hardware WebGPU adapter is present' };
  } catch (error) {
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
