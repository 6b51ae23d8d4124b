// The GPU device in Node, from the adapter that Dawn finds.
import type { WebgpuDevice } from '../device/device.ts';
import { requestDevice, webgpuDevice } from '../device/device.ts';
import type { DeviceEvents } from '../device/events.ts';
import type { NodeAdapterOptions } from './node-adapter.ts';
import { requestNodeAdapter } from './node-adapter.ts';

/** Opens a WebGPU device in Node: hardware, else software (see `requestNodeAdapter`). Throws an AdapterError where there is none. */
export async function nodeWebgpuDevice({ events, ...options }: NodeAdapterOptions & { events?: DeviceEvents } = {}): Promise<WebgpuDevice> {
  const { adapter, info } = await requestNodeAdapter(options);
  const name = [info.vendor, info.device, info.description].filter(Boolean).join(' ') || 'unnamed adapter';
  return webgpuDevice(await requestDevice(adapter), {
    name: `${name}${info.software ? ' (software)' : ''}`,
    software: info.software,
    ...(events ? { events } : {}),
  });
}
