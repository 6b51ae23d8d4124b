// Entries that a caller changes on the host: through one buffer that is mapped for reading and one for writing, both kept.
import type { ExchangeChange } from '@hybridmed/tensor';
import type { GpuContext } from './context.ts';
import { usage } from './context.ts';

/** Where the numbers of an entry lie: bytes from `offset` on, and how many numbers. */
export interface Segment {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly length: number;
}

/** A part of a segment, and the place of its first byte in the block. */
interface Copy {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly at: number;
  readonly bytes: number;
}

/** The two buffers; they grow to the largest block that was asked for. */
export class Staging {
  readonly #context: GpuContext;
  #read: GPUBuffer | undefined;
  #write: GPUBuffer | undefined;

  constructor(context: GpuContext) {
    this.#context = context;
  }

  /** Gives the numbers of segments to `change` in blocks of at most `length`, and takes them back. */
  async exchange(segments: readonly Segment[], length: number, change: ExchangeChange): Promise<void> {
    const total = segments.reduce((sum, segment) => sum + segment.length, 0);
    for (let from = 0; from < total; from += length) await this.#block(copiesOf(segments, from, Math.min(total, from + length)), change);
  }

  async #block(copies: readonly Copy[], change: ExchangeChange): Promise<void> {
    const bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    const [read, write] = await this.#buffers(bytes);
    this.#submit('read an exchange', (encoder) => {
      for (const { buffer, offset, at, bytes: size } of copies) encoder.copyBufferToBuffer(buffer, offset, read, at, size);
    });
    await this.#context.wait(Promise.all([read.mapAsync(1, 0, bytes), write.mapAsync(2, 0, bytes)]));
    try {
      const numbers = new Float32Array(write.getMappedRange(0, bytes));
      numbers.set(new Float32Array(read.getMappedRange(0, bytes)));
      read.unmap();
      await change(numbers);
    } finally {
      read.unmap();
      write.unmap();
    }
    this.#context.check();
    this.#submit('write an exchange', (encoder) => {
      for (const { buffer, offset, at, bytes: size } of copies) encoder.copyBufferToBuffer(write, at, buffer, offset, size);
    });
  }

  #submit(label: string, encode: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.#context.gpu.createCommandEncoder({ label });
    encode(encoder);
    this.#context.gpu.queue.submit([encoder.finish()]);
  }

  /** Both buffers, of at least so many bytes. Throws a DeviceLimitError where they do not fit. */
  async #buffers(bytes: number): Promise<[GPUBuffer, GPUBuffer]> {
    if (!this.#read || !this.#write || this.#read.size < bytes) {
      this.release();
      this.#read = await this.#context.surelyBuffer('the exchange', bytes, usage.mapRead | usage.copyTarget);
      this.#write = await this.#context.surelyBuffer('the exchange', bytes, usage.mapWrite | usage.copySource);
    }
    return [this.#read, this.#write];
  }

  /** Frees the buffers. */
  release(): void {
    this.#read?.destroy();
    this.#write?.destroy();
    this.#read = this.#write = undefined;
  }
}

/** Copies that make a block of the numbers `from` up to `to` of all segments. */
function copiesOf(segments: readonly Segment[], from: number, to: number): Copy[] {
  const copies: Copy[] = [];
  let start = 0;
  for (const { buffer, offset, length } of segments) {
    const [first, end] = [Math.max(from, start), Math.min(to, start + length)];
    if (end > first) copies.push({ buffer, offset: offset + (first - start) * 4, at: (first - from) * 4, bytes: (end - first) * 4 });
    start += length;
  }
  return copies;
}
