// Errors of the GPU device that a program may want to tell apart: what does not fit, and a device that is gone.
import { DeviceError } from '@hybridmed/tensor';

/** Name of the device in errors. */
export const deviceName = 'webgpu';

/** Thrown before anything is allocated when the adapter cannot hold or bind an array. One line: the array, its bytes, the limit, the fix. */
export class DeviceLimitError extends DeviceError {
  override readonly name = 'DeviceLimitError';
  /** Bytes that are needed. */
  readonly required: number;
  /** Bytes that the adapter allows. */
  readonly limit: number;

  constructor(what: string, required: number, limit: number, verb: 'hold' | 'bind') {
    super(
      deviceName,
      `${what} needs ${required} bytes, but the adapter can ${verb} ${limit} in one ${verb === 'hold' ? 'buffer' : 'binding'}; use a smaller batch or model`,
    );
    this.required = required;
    this.limit = limit;
  }
}

/** Thrown by everything on a device that was lost (driver reset, unplugged, closed): open a new one and load the last checkpoint. */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';

  constructor(problem: string) {
    super(deviceName, `${problem}; open a new device and load the last checkpoint`);
  }
}
