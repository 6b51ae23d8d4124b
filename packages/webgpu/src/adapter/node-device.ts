// The GPU device in Node, from the adapter that Dawn finds.
import type { Precision } from '@hybridmed/tensor';
import type { WebgpuDevice } from '../device/device.ts';
import { requestDevice, webgpuDevice } from '../device/device.ts';
import type { DeviceEvents } from '../device/events.ts';
import type { TuningMode } from '../tuning/tuner.ts';
import type { NodeAdapterOptions } from './node-adapter.ts';
import { requestNodeAdapter } from './node-adapter.ts';
import { tuningFiles } from './tuning-files.ts';

/** Options of a device in Node. */
export interface NodeDeviceOptions extends NodeAdapterOptions {
  events?: DeviceEvents;
  /** Whether kernels' variants are measured, and kept in the user's cache folder (default `off`). */
  tuning?: TuningMode;
  /** `f32` (default) or `mixed`. */
  precision?: Precision;
}

/** Opens a WebGPU device in Node: hardware, else software (see `requestNodeAdapter`). Throws an AdapterError where there is none, a DeviceError where it cannot compute in the precision asked for. */
export async function nodeWebgpuDevice({ events, tuning = 'off', precision = 'f32', ...options }: NodeDeviceOptions = {}): Promise<WebgpuDevice> {
  const { adapter, info } = await requestNodeAdapter(options);
  const name = [info.vendor, info.device, info.description].filter(Boolean).join(' ') || 'unnamed adapter';
  return webgpuDevice(await requestDevice(adapter), {
    name: `${name}${info.software ? ' (software)' : ''}`,
    software: info.software,
    tuning: { mode: tuning, store: tuningFiles },
    precision,
    ...(events ? { events } : {}),
  });
}
