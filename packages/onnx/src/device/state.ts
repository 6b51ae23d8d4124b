// The CPU device's state: arrays on the host, each bound to an ONNX Runtime tensor once, and the optimizer's places in WebAssembly memory.
import type { DeviceState, ExchangeChange, ExchangeOptions, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError, dtypeOf } from '@hybridmed/tensor';
import { checkExchangeable, exchangeLength } from '@hybridmed/tensor/exchange';
import { discard } from './discard.ts';
import type { Entry } from './bound-array.ts';
import { bindEntry } from './bound-array.ts';
import { ExchangeBlocks } from './exchange-blocks.ts';
import type { Slot } from './slots.ts';
import { allocateSlots, moveInto } from './slots.ts';

/** Names of a parameter's entries. */
export interface SlotNames {
  readonly parameter: string;
  readonly first: string;
  readonly second: string;
}

/** State of the CPU device. */
export class CpuState implements DeviceState {
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Map<string, { readonly names: SlotNames; readonly slot: Slot }>();
  readonly #blocks = new ExchangeBlocks();

  constructor(initial: HostArrays = {}) {
    this.write(initial);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  write(arrays: HostArrays): void {
    for (const [name, { data, shape }] of Object.entries(arrays)) {
      if (this.#overwrite(name, { data, shape })) continue;
      this.#entries.set(name, bindEntry({ data: data instanceof Int32Array ? data.slice() : new Float32Array(data), shape: [...shape] }));
    }
  }

  async read(names: readonly string[] = this.names()): Promise<Record<string, HostArray>> {
    return Object.fromEntries(
      names.map((name) => {
        const entry = this.#entries.get(name);
        if (!entry) throw new DeviceError('cpu', `state has no entry "${name}"`);
        return [name, { data: entry.array.data.slice(), shape: [...entry.array.shape] }];
      }),
    );
  }

  async exchange(names: readonly string[], change: ExchangeChange, options?: ExchangeOptions): Promise<void> {
    const length = exchangeLength('cpu', options);
    for (const name of names) {
      const entry = this.#entries.get(name);
      checkExchangeable('cpu', name, entry && dtypeOf(entry.array));
    }
    discard(this.#blocks.gather(names, this.#entries));
    await this.#blocks.exchange(names, this.#entries, length, change);
  }

  drop(names: readonly string[] = this.names()): void {
    const dropped = new Set(names);
    for (const name of dropped) this.#entries.delete(name);
    this.#blocks.forget(this.#entries);
    for (const [
      key,
      {
        names: { parameter },
      },
    ] of this.#slots)
      if (dropped.has(parameter)) this.#slots.delete(key);
  }

  /** The entry called `name`, if there is one. */
  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Takes over arrays, with their memory: without copying them unless an entry has memory of its own; frees what is not needed any more. */
  replace(arrays: HostArrays): void {
    const former: ArrayBuffer[] = [];
    for (const [name, array] of Object.entries(arrays)) {
      if (this.#overwrite(name, array)) {
        former.push(array.data.buffer as ArrayBuffer);
        continue;
      }
      const entry = this.#entries.get(name);
      if (entry && !entry.fixed) former.push(entry.array.data.buffer as ArrayBuffer);
      this.#entries.set(name, bindEntry(array));
    }
    discard(former);
  }

  /** The places of parameters and moments, moved there when they are not yet. */
  slots(all: readonly SlotNames[]): Slot[] {
    const shape = ({ parameter }: SlotNames) => this.#entries.get(parameter)!.array.shape;
    const missing = all.filter((names) => {
      const known = this.#slots.get(keyOf(names));
      return !known || !sameShape(known.slot.parameter.array.shape, shape(names));
    });
    allocateSlots(missing.map(shape)).forEach((slot, i) => this.#slots.set(keyOf(missing[i]!), { names: missing[i]!, slot }));
    return all.map((names) => {
      const { slot } = this.#slots.get(keyOf(names))!;
      this.#moveToSlot(names.parameter, slot.parameter);
      this.#moveToSlot(names.first, slot.first);
      this.#moveToSlot(names.second, slot.second);
      return slot;
    });
  }

  #moveToSlot(name: string, place: Entry): void {
    const entry = this.#entries.get(name)!;
    if (entry === place) return;
    moveInto(place, entry.array);
    this.#entries.set(name, place);
    // The entry's former memory was the state's own.
    if (!entry.fixed) discard([entry.array.data.buffer as ArrayBuffer]);
  }

  #overwrite(name: string, array: HostArray): boolean {
    const entry = this.#entries.get(name);
    if (!entry?.fixed || array.data instanceof Int32Array || !sameShape(entry.array.shape, array.shape)) return false;
    moveInto(entry, array);
    return true;
  }
}

const keyOf = ({ parameter, first, second }: SlotNames): string => JSON.stringify([parameter, first, second]);

const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((size, axis) => size === b[axis]);
