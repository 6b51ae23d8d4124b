// The device of a command: opened from its flags, closed when the command ends.
import type { Device } from '@hybridmed/tensor';
import type { DeviceFlags } from './options.ts';

/** Opens the device of the flags, runs `use` with it and the reason for its selection, and closes it whatever happens. */
export async function withDevice<T>({ device: name, threads, precision }: DeviceFlags, use: (device: Device, reason: string) => Promise<T>): Promise<T> {
  const { openDevice } = await import('@hybridmed/runtime/device');
  const { device, reason } = await openDevice(name!, { ...(threads === undefined ? {} : { threads }), ...(precision ? { precision } : {}) });
  try {
    return await use(device, reason);
  } finally {
    await device.close();
  }
}
