// The registry of devices: one row each, in the order in which `auto` tries them. Names, help, the list of `devices` and reasons follow from it.
import type { Device, Precision } from '@hybridmed/tensor';
import type { TuningMode } from '@hybridmed/webgpu';
import { deviceMessages } from './device-messages.ts';

/** Options: threads of the CPU device; the precision (default `f32`); how a WebGPU device chooses variants (default `off`), and who receives its messages. */
export interface DeviceOptions {
  threads?: number;
  precision?: Precision;
  tuning?: TuningMode;
  onMessage?: (text: string) => void;
}

/** One device. */
export interface DeviceRow {
  /** What a user calls it. */
  readonly name: string;
  /** What `auto` looks for, in help, where that is more than the name says. */
  readonly title?: string;
  /** Opens it on whatever is there. Throws a DeviceError that says what is missing. */
  readonly open: (options: DeviceOptions) => Promise<Device>;
  /** Opens it on hardware alone, where software stands in for hardware that is absent: the only way in which `auto` takes it. */
  readonly hardware?: (options: DeviceOptions) => Promise<Device>;
  /** Whether it computes in mixed precision, where its adapter can. */
  readonly mixed?: boolean;
  /** Why `auto` takes it, and why it goes on to the next row: the device is absent, or only `software` is there. */
  readonly reason: { readonly taken: string; readonly absent: string; readonly software?: string };
}

async function openWebgpu({ onMessage, tuning = 'off', precision = 'f32' }: DeviceOptions, hardwareOnly: boolean): Promise<Device> {
  const { nodeWebgpuDevice } = await import('@hybridmed/webgpu/node');
  const events = deviceMessages(onMessage, process.env.HYBRIDMED_TRACE);
  return nodeWebgpuDevice({ events, tuning, precision, ...(hardwareOnly ? { software: false } : {}) });
}

/** The devices. */
export const deviceRows = [
  {
    name: 'webgpu',
    title: 'hardware WebGPU',
    open: (options) => openWebgpu(options, false),
    hardware: (options) => openWebgpu(options, true),
    mixed: true,
    reason: {
      taken: 'a hardware WebGPU adapter is present',
      absent: 'there is no hardware WebGPU adapter',
      software: 'the only WebGPU adapter is software, which is slower than ONNX Runtime on the same processor',
    },
  },
  {
    name: 'cpu',
    open: async ({ threads }) => (await import('@hybridmed/onnx')).cpuDevice(threads === undefined ? {} : { threads }),
    reason: { taken: 'ONNX Runtime is present', absent: 'ONNX Runtime cannot be used' },
  },
  {
    name: 'gpujs',
    open: async () => (await import('@hybridmed/gpujs')).gpujsDevice(),
    reason: { taken: 'gpu.js is present', absent: 'gpu.js cannot be used' },
  },
] as const satisfies readonly DeviceRow[];

/** A device's name. */
export type DeviceKind = (typeof deviceRows)[number]['name'];
