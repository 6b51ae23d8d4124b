// The error of the GPU device that a program may want to distinguish from others: what does not fit.
import { DeviceError } from '@hybridmed/tensor';

/** Name of the device in errors. */
export const deviceName = 'webgpu';

const fix = 'use a smaller batch (and accumulate gradients over several), or a smaller model';

/**
 * Thrown when the adapter cannot hold or bind an array: before anything is allocated where its limits tell, else as its memory runs out.
 * One line: the array, its bytes, the limit, the fix.
 */
export class DeviceLimitError extends DeviceError {
  override readonly name = 'DeviceLimitError';
  /** Bytes that are needed. */
  readonly required: number;
  /** Bytes that the adapter allows in one buffer or binding; undefined where its memory ran out, of which no adapter tells how much there is. */
  readonly limit: number | undefined;

  constructor(what: string, required: number, limit?: { readonly bytes: number; readonly verb: 'hold' | 'bind' }) {
    const allowed = limit
      ? `but the adapter can ${limit.verb} ${limit.bytes} in one ${limit.verb === 'hold' ? 'buffer' : 'binding'}`
      : "more than the adapter's memory holds beside what is there";
    super(deviceName, `${what} needs ${required} bytes, ${allowed}; ${fix}`);
    this.required = required;
    this.limit = limit?.bytes;
  }
}
