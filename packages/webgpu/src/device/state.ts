// Named arrays that stay on the GPU between runs.
import type { DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError, dtypeOf } from '@hybridmed/tensor';
import type { GpuContext } from './context.ts';
import { usage } from './context.ts';
import { deviceName } from './errors.ts';
import { Readback } from './readback.ts';

/** One entry. */
export interface Entry {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly type: 'f32' | 'i32';
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The state of a GPU device. Copies in and out are ordered with runs. */
export class GpuState implements DeviceState {
  readonly #context: GpuContext;
  readonly #entries = new Map<string, Entry>();
  readonly #readback: Readback;
  /** Grows when a buffer is replaced or dropped: bind groups made before are stale. */
  generation = 0;

  constructor(context: GpuContext, initial: HostArrays = {}) {
    this.#context = context;
    this.#readback = new Readback(context);
    this.write(initial);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** An entry of a shape and type, made or replaced where there is none that fits. */
  ensure(name: string, shape: readonly number[], type: 'f32' | 'i32'): Entry {
    const known = this.#entries.get(name);
    const size = Math.max(16, count(shape) * 4);
    if (known && known.buffer.size === size) {
      const entry = { buffer: known.buffer, shape, type };
      this.#entries.set(name, entry);
      return entry;
    }
    known?.buffer.destroy();
    const entry = { buffer: this.#context.keptBuffer(`the state entry "${name}"`, size, usage.storage | usage.copySource | usage.copyTarget), shape, type };
    this.#entries.set(name, entry);
    this.generation++;
    return entry;
  }

  write(arrays: HostArrays): void {
    this.#context.check();
    for (const [name, array] of Object.entries(arrays)) {
      const data = array.data instanceof Float64Array ? Float32Array.from(array.data) : array.data;
      const { buffer } = this.ensure(name, array.shape, dtypeOf(array));
      if (data.byteLength > 0) this.#context.gpu.queue.writeBuffer(buffer, 0, unshared(data));
    }
  }

  read(names: readonly string[] = this.names()): Promise<Record<string, HostArray>> {
    return this.#context.enqueue(async () => {
      const readable = names.map((name) => {
        const entry = this.#entries.get(name);
        if (!entry) throw new DeviceError(deviceName, `state has no entry "${name}"`);
        return { name, buffer: entry.buffer, offset: 0, length: count(entry.shape), type: entry.type, shape: entry.shape };
      });
      const encoder = this.#context.gpu.createCommandEncoder({ label: 'read state' });
      const { finish } = this.#readback.encode(encoder, readable);
      this.#context.gpu.queue.submit([encoder.finish()]);
      const result = await this.#context.wait(finish());
      this.#readback.release();
      return result;
    });
  }

  drop(names: readonly string[] = this.names()): void {
    for (const name of names) {
      this.#entries.get(name)?.buffer.destroy();
      this.#entries.delete(name);
    }
    this.generation++;
  }
}

/** The same numbers outside shared memory, which `writeBuffer` refuses. */
export function unshared(data: Float32Array | Int32Array): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  return (data.buffer instanceof ArrayBuffer ? data : data.slice()) as Float32Array<ArrayBuffer>;
}
