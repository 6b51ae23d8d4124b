// Times of compute passes by the GPU's own timestamps: what kernels are measured with, and what a trace shows.
/// <reference types="@webgpu/types" />
import type { GpuContext } from './context.ts';
import { usage } from './context.ts';
import type { Span } from './trace.ts';

/** Most timestamps that one query set may hold (WebGPU's own limit). */
const maxQueries = 4096;

/** Timestamps around up to `passes` compute passes of one submission. Needs the feature `timestamp-query`. */
export class PassTimer {
  readonly #context: GpuContext;
  readonly #sets: readonly GPUQuerySet[];
  readonly #resolved: GPUBuffer;
  readonly #mapped: GPUBuffer;

  constructor(context: GpuContext, passes: number) {
    this.#context = context;
    const { gpu } = context;
    const counts = Array.from({ length: Math.ceil((2 * passes) / maxQueries) }, (_, i) => Math.min(maxQueries, 2 * passes - i * maxQueries));
    this.#sets = counts.map((count) => gpu.createQuerySet({ type: 'timestamp', count }));
    this.#resolved = context.buffer('timestamps', 16 * passes, usage.queryResolve | usage.copySource);
    this.#mapped = context.buffer('timestamps to read', 16 * passes, usage.mapRead | usage.copyTarget);
  }

  /** The timestamps of pass number `index`. */
  writes(index: number): GPUComputePassTimestampWrites {
    const at = (2 * index) % maxQueries;
    return { querySet: this.#sets[Math.floor((2 * index) / maxQueries)]!, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Adds the copies that `read` waits for, after the last pass. */
  resolve(encoder: GPUCommandEncoder): void {
    this.#sets.forEach((set, i) => encoder.resolveQuerySet(set, 0, set.count, this.#resolved, 8 * maxQueries * i));
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#mapped, 0, this.#mapped.size);
  }

  /** The spans of all passes, after submission. */
  async read(): Promise<Span[]> {
    await this.#context.wait(this.#mapped.mapAsync(1));
    const ticks = new BigInt64Array(this.#mapped.getMappedRange().slice(0));
    this.#mapped.unmap();
    return Array.from({ length: ticks.length / 2 }, (_, i) => ({ start: Number(ticks[2 * i]!) / 1e6, end: Number(ticks[2 * i + 1]!) / 1e6 }));
  }

  /** Frees what it holds. */
  release(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
    this.#mapped.destroy();
  }
}
