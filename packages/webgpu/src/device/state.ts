// Named arrays that stay on the GPU between runs.
import type { DeviceState, ExchangeChange, ExchangeOptions, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError, dtypeOf, sizeOf } from '@hybridmed/tensor';
import { checkExchangeable, exchangeLength } from '@hybridmed/tensor/exchange';
import type { GpuContext } from './context.ts';
import { usage } from './context.ts';
import { deviceName } from './errors.ts';
import { Readback } from './readback.ts';
import { Staging } from './staging.ts';
import { layOut } from '../plan/memory.ts';

/** A buffer with one entry, or with several packed into it. */
interface Block {
  readonly buffer: GPUBuffer;
  /** Names of the packed entries; undefined for an entry alone. */
  readonly names: readonly string[] | undefined;
  /** Entries that still lie here. */
  live: number;
}

/** One entry, and where its bytes lie. */
export interface Entry {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly type: 'f32' | 'i32';
}
const flags = usage.storage | usage.copySource | usage.copyTarget;

/** The state of a GPU device. Copies in and out are ordered with runs. */
export class GpuState implements DeviceState {
  readonly #context: GpuContext;
  readonly #entries = new Map<string, Entry & { readonly block: Block }>();
  readonly #readback: Readback;
  readonly #staging: Staging;
  /** Grows when an entry gets another place or none: bind groups made before are stale. */
  generation = 0;

  constructor(context: GpuContext, initial: HostArrays = {}) {
    this.#context = context;
    this.#readback = new Readback(context);
    this.#staging = new Staging(context);
    this.write(initial);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Whether an entry is there and has so many elements. */
  fits(name: string, length: number): boolean {
    const known = this.#entries.get(name);
    return known !== undefined && sizeOf(known.shape) === length;
  }

  /** An entry of a shape and type, made or replaced where there is none that fits. */
  ensure(name: string, shape: readonly number[], type: 'f32' | 'i32'): Entry {
    const known = this.#entries.get(name);
    if (known && this.fits(name, sizeOf(shape))) {
      const entry = { ...known, shape, type };
      this.#entries.set(name, entry);
      return entry;
    }
    const buffer = this.#context.keptBuffer(`the state entry "${name}"`, sizeOf(shape) * 4, flags);
    return this.#place(name, { buffer, offset: 0, shape, type, block: { buffer, names: undefined, live: 0 } });
  }

  /** Puts an entry in its place; what no entry lies in any more is freed. */
  #place(name: string, entry: Entry & { readonly block: Block }): Entry {
    entry.block.live++;
    this.#leave(name);
    this.#entries.set(name, entry);
    this.generation++;
    return entry;
  }

  #leave(name: string): void {
    const block = this.#entries.get(name)?.block;
    if (block && --block.live === 0) block.buffer.destroy();
  }

  /** Puts entries one after another in a buffer of their own, each where a binding may begin, if they do not lie so. Throws a DeviceLimitError where memory runs out: they then lie where they did. */
  async gather(names: readonly string[]): Promise<void> {
    const entries = names.map((name) => this.#entries.get(name)!);
    const { names: known } = entries[0]!.block;
    const same = known !== undefined && known.length === names.length && known.every((name, i) => name === names[i]);
    if (same && entries.every(({ block }) => block === entries[0]!.block)) return;
    const { offsets, total } = layOut(
      entries.map(({ shape }) => sizeOf(shape) * 4),
      this.#context.limits.alignment,
    );
    const buffer = await this.#context.surelyBuffer(`${names.length} state entries from "${names[0]}" on, packed into one buffer,`, total, flags);
    const encoder = this.#context.gpu.createCommandEncoder({ label: 'pack state' });
    entries.forEach(({ buffer: from, offset, shape }, i) => encoder.copyBufferToBuffer(from, offset, buffer, offsets[i]!, sizeOf(shape) * 4));
    this.#context.gpu.queue.submit([encoder.finish()]);
    const block: Block = { buffer, names, live: 0 };
    entries.forEach(({ shape, type }, i) => this.#place(names[i]!, { buffer, offset: offsets[i]!, shape, type, block }));
  }

  write(arrays: HostArrays): void {
    this.#context.check();
    for (const [name, array] of Object.entries(arrays)) {
      const data = array.data instanceof Float64Array ? Float32Array.from(array.data) : array.data;
      const { buffer, offset } = this.ensure(name, array.shape, dtypeOf(array));
      if (data.byteLength > 0) this.#context.gpu.queue.writeBuffer(buffer, offset, unshared(data));
    }
  }

  read(names: readonly string[] = this.names()): Promise<Record<string, HostArray>> {
    return this.#context.enqueue(async () => {
      const readable = names.map((name) => {
        const entry = this.#entries.get(name);
        if (!entry) throw new DeviceError(deviceName, `state has no entry "${name}"`);
        return { name, ...entry, length: sizeOf(entry.shape) };
      });
      const encoder = this.#context.gpu.createCommandEncoder({ label: 'read state' });
      const { finish } = this.#readback.encode(encoder, readable);
      this.#context.gpu.queue.submit([encoder.finish()]);
      const result = await this.#context.wait(finish());
      this.#readback.release();
      return result;
    });
  }

  exchange(names: readonly string[], change: ExchangeChange, options?: ExchangeOptions): Promise<void> {
    return this.#context.enqueue(async () => {
      const length = exchangeLength(deviceName, options);
      const segments = names.map((name) => {
        const entry = this.#entries.get(name);
        checkExchangeable(deviceName, name, entry?.type);
        return { buffer: entry!.buffer, offset: entry!.offset, length: sizeOf(entry!.shape) };
      });
      await this.#staging.exchange(segments, length, change);
    });
  }

  drop(names: readonly string[] = this.names()): void {
    for (const name of names) {
      this.#leave(name);
      this.#entries.delete(name);
    }
    if (this.#entries.size === 0) this.#staging.release();
    this.generation++;
  }
}

/** The same numbers outside shared memory, which `writeBuffer` refuses. */
export function unshared(data: Float32Array | Int32Array): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  return (data.buffer instanceof ArrayBuffer ? data : data.slice()) as Float32Array<ArrayBuffer>;
}
