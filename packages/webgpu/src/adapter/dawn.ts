// Dawn's bindings for Node: an optional peer dependency, since they are large and computing without them is usual.
import { DeviceError } from '@hybridmed/tensor';
import type * as Dawn from 'webgpu';
import { deviceName } from '../device/errors.ts';

/** The version that this package is tested with; its package.json names the same. */
const dawnPackage = 'webgpu@0.6.2';

const isAbsent = (error: unknown): boolean => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes("'webgpu'");
};

/** The bindings. Throws a DeviceError that names the command which adds them, where they are not installed beside this package. */
export async function dawn(load: () => Promise<typeof Dawn> = () => import('webgpu')): Promise<typeof Dawn> {
  try {
    return await load();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new DeviceError(deviceName, "Dawn, the engine of WebGPU in Node (the package 'webgpu'), is not installed", { install: `npm install ${dawnPackage}` });
  }
}
