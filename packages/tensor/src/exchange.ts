// What states share that let a caller change entries in place: blocks of numbers, and a kept one for entries that lie apart on the host.
import { DeviceError } from './errors.ts';
import type { DType } from './spec.ts';

/** Changes a block of numbers in place. */
export type ExchangeChange = (numbers: Float32Array) => Promise<void>;

/** How entries are exchanged. */
export interface ExchangeOptions {
  /** Max bytes of a block; 64 MiB by default. */
  readonly chunkBytes?: number;
}

/** Max numbers of a block. Throws a DeviceError for fewer than one. */
export function exchangeLength(device: string, { chunkBytes = 64 * 2 ** 20 }: ExchangeOptions = {}): number {
  if (!(chunkBytes >= 4)) throw new DeviceError(device, `an exchange in blocks of ${chunkBytes} bytes holds no number; give at least 4`);
  return Math.floor(chunkBytes / 4);
}

/** Throws a DeviceError where an entry that is to be exchanged is missing, or holds integers. */
export function checkExchangeable(device: string, name: string, type: DType | undefined): void {
  if (!type) throw new DeviceError(device, `state has no entry "${name}"`);
  if (type !== 'f32') throw new DeviceError(device, `state entry "${name}" holds integers, which are not exchanged`);
}

/** Gives numbers to `change` in blocks of at most `length`, one after another. */
export async function exchangeInBlocks(numbers: Float32Array, length: number, change: ExchangeChange): Promise<void> {
  for (let from = 0; from < numbers.length; from += length) await change(numbers.subarray(from, Math.min(numbers.length, from + length)));
}

/** A block that is kept, for entries that lie apart: they are copied in, changed, and copied back. */
export class ExchangeBlock {
  #numbers = new Float32Array(0);

  /** Exchanges arrays through the block, which grows to the largest sum of them. They stay as they are where `change` fails. */
  async exchange(arrays: readonly (Float32Array | Float64Array)[], length: number, change: ExchangeChange): Promise<void> {
    const total = arrays.reduce((sum, array) => sum + array.length, 0);
    if (this.#numbers.length < total) this.#numbers = new Float32Array(total);
    let at = 0;
    for (const array of arrays) {
      this.#numbers.set(array, at);
      at += array.length;
    }
    await exchangeInBlocks(this.#numbers.subarray(0, total), length, change);
    at = 0;
    for (const array of arrays) {
      array.set(this.#numbers.subarray(at, at + array.length));
      at += array.length;
    }
  }
}
