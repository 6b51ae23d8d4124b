// Copying buffers back to the host through one mapped buffer that is kept.
import type { ElementType } from '@hybridmed/kernels';
import { elementBytes, fromHalf } from '@hybridmed/kernels';
import type { HostArray } from '@hybridmed/tensor';
import type { GpuContext } from './context.ts';
import { usage } from './context.ts';

/** One array to read. */
export interface Readable {
  readonly name: string;
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly length: number;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** Bytes that an array takes, in whole words. */
const bytesOf = ({ type, length }: Readable): number => Math.ceil((elementBytes(type) * length) / 4) * 4;

function numbers(type: ElementType, bytes: ArrayBuffer, from: number, length: number): HostArray['data'] {
  if (type === 'f16') return fromHalf(new Uint16Array(bytes, from, length));
  return type === 'i32' ? new Int32Array(bytes, from, length).slice() : new Float32Array(bytes, from, length).slice();
}

/** A buffer for reading back; grows to the greatest size asked for. */
export class Readback {
  readonly #context: GpuContext;
  #buffer: GPUBuffer | undefined;

  constructor(context: GpuContext) {
    this.#context = context;
  }

  /** Adds the copies to an encoder; `finish`, after submission, waits for them. */
  encode(encoder: GPUCommandEncoder, arrays: readonly Readable[]): { finish(): Promise<Record<string, HostArray>> } {
    const total = arrays.reduce((sum, array) => sum + bytesOf(array), 0);
    if (total === 0)
      return {
        finish: async () =>
          Object.fromEntries(arrays.map(({ name, type, shape }) => [name, { data: type === 'i32' ? new Int32Array(0) : new Float32Array(0), shape }])),
      };
    if ((this.#buffer?.size ?? 0) < total) {
      this.#buffer?.destroy();
      this.#buffer = this.#context.buffer('readback', total, usage.mapRead | usage.copyTarget);
    }
    const buffer = this.#buffer!;
    let at = 0;
    for (const array of arrays) {
      if (array.length > 0) encoder.copyBufferToBuffer(array.buffer, array.offset, buffer, at, bytesOf(array));
      at += bytesOf(array);
    }
    return {
      finish: async () => {
        await buffer.mapAsync(1, 0, total);
        const bytes = buffer.getMappedRange(0, total).slice(0);
        buffer.unmap();
        let from = 0;
        return Object.fromEntries(
          arrays.map((array) => {
            const { name, type, length, shape } = array;
            const data = numbers(type, bytes, from, length);
            from += bytesOf(array);
            return [name, { data, shape }];
          }),
        );
      },
    };
  }

  /** Frees the buffer. */
  release(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}
