// The CPU device's state: arrays on the host, each bound to an ONNX Runtime tensor once, and the optimizer's places in WebAssembly memory.
import type { DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { discard } from './discard.ts';
import type { Entry } from './entry.ts';
import { bindEntry } from './entry.ts';
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
  readonly #slots = new Map<string, Slot>();

  constructor(initial: HostArrays = {}) {
    this.write(initial);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  write(arrays: HostArrays): void {
    for (const [name, { data, shape }] of Object.entries(arrays)) {
      if (this.#overwrite(name, { data, shape })) continue;
      this.put(name, { data: data instanceof Int32Array ? data.slice() : new Float32Array(data), shape: [...shape] });
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

  drop(names: readonly string[] = this.names()): void {
    for (const name of names) {
      this.#entries.delete(name);
      this.#slots.delete(name);
    }
  }

  /** The entry called `name`, if there is one. */
  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Takes over an array without copying it, unless the entry has memory of its own. */
  put(name: string, array: HostArray): void {
    if (!this.#overwrite(name, array)) this.#entries.set(name, bindEntry(array));
  }

  /** The places of parameters and moments, moved there when they are not yet. */
  slots(all: readonly SlotNames[]): Slot[] {
    const missing = all.filter(({ parameter }) => {
      const slot = this.#slots.get(parameter);
      return !slot || !sameShape(slot.parameter.array, this.#entries.get(parameter)!.array);
    });
    if (missing.length > 0) allocateSlots(missing.map(({ parameter }) => this.#entries.get(parameter)!.array.shape)).forEach((slot, i) => this.#slots.set(missing[i]!.parameter, slot));
    return all.map(({ parameter, first, second }) => {
      const slot = this.#slots.get(parameter)!;
      this.#settle(parameter, slot.parameter);
      this.#settle(first, slot.first);
      this.#settle(second, slot.second);
      return slot;
    });
  }

  #settle(name: string, place: Entry): void {
    const entry = this.#entries.get(name)!;
    if (entry === place) return;
    moveInto(place, entry.array);
    this.#entries.set(name, place);
    // The entry's former memory was the state's own.
    if (!entry.fixed) discard([entry.array.data.buffer as ArrayBuffer]);
  }

  #overwrite(name: string, array: HostArray): boolean {
    const entry = this.#entries.get(name);
    if (!entry?.fixed || array.data instanceof Int32Array || !sameShape(entry.array, array)) return false;
    moveInto(entry, array);
    return true;
  }
}

const sameShape = (a: HostArray, b: HostArray): boolean => a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
