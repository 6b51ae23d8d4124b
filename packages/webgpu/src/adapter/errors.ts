// The error of looking for a GPU adapter; it says what was tried and what to do.
import { DeviceError } from '@hybridmed/tensor';

/** Thrown when no WebGPU adapter of the wanted kind can be had. One line: what was tried, and the fix. */
export class AdapterError extends DeviceError {
  override readonly name = 'AdapterError';
  /** What was tried, and why each attempt gave nothing. */
  readonly tried: readonly string[];
  /** What the user can do about it. */
  readonly fix: string;

  constructor(tried: readonly string[], fix: string) {
    super('webgpu', `no adapter (${tried.join('; ')}); ${fix}`);
    this.tried = tried;
    this.fix = fix;
  }
}
