// The adapter a suite runs on, by the names that `--device` takes.
import type { Precision } from '@hybridmed/tensor';
import type { DeviceEvents, TuningMode, WebgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';

/** What `--device` takes: `auto` and `webgpu` are hardware, else software. */
export const adapterNames = ['auto', 'webgpu', 'hardware', 'software', 'lavapipe', 'swiftshader'] as const;

/** A name of an adapter. */
export type AdapterName = (typeof adapterNames)[number];

/** What `--tuning` takes: kernel variants by rule, as earlier runs measured, or measured where none did. */
export const tuningModes = ['off', 'cached', 'measure'] as const satisfies readonly TuningMode[];

/** What each name asks of the search for adapters. */
export const adapterOptions = {
  auto: {},
  webgpu: {},
  hardware: { software: false },
  software: { software: true },
  lavapipe: { software: true, driver: 'system' },
  swiftshader: { software: true, driver: 'swiftshader' },
} as const;

/** Opens it. Throws an AdapterError if there is none, an Error if the system's software adapter is not the named one. */
export async function openAdapter(
  name: AdapterName,
  events: DeviceEvents = {},
  tuning: TuningMode = 'off',
  precision: Precision = 'f32',
): Promise<WebgpuDevice> {
  const device = await nodeWebgpuDevice({ ...adapterOptions[name], events, tuning, precision });
  if (name === 'lavapipe' && !device.info.name.includes('llvmpipe')) {
    await device.close();
    throw new Error(`the system's software adapter is ${device.info.name}, not lavapipe; install mesa-vulkan-drivers 25 or later`);
  }
  return device;
}
