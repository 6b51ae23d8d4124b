// The CPU device's state: arrays on the host, each bound to an ONNX Runtime tensor once.
import type { DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { Tensor as OrtTensor } from 'onnxruntime-node';

/** One entry: the numbers and the tensor that shares their memory. */
export interface Entry {
  readonly array: HostArray;
  readonly tensor: OrtTensor;
}

/** A tensor over an array's memory. */
export function bindTensor({ data, shape }: HostArray): OrtTensor {
  if (data instanceof Int32Array) return new OrtTensor('int32', data, shape);
  return new OrtTensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
}

/** State of the CPU device. */
export class CpuState implements DeviceState {
  readonly #entries = new Map<string, Entry>();

  constructor(initial: HostArrays = {}) {
    this.write(initial);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  write(arrays: HostArrays): void {
    for (const [name, { data, shape }] of Object.entries(arrays)) this.put(name, { data: data instanceof Int32Array ? data.slice() : Float32Array.from(data), shape: [...shape] });
  }

  read(names: readonly string[] = this.names()): Promise<Record<string, HostArray>> {
    return Promise.resolve(
      Object.fromEntries(
        names.map((name) => {
          const entry = this.#entries.get(name);
          if (!entry) throw new DeviceError('cpu', `state has no entry "${name}"`);
          return [name, { data: entry.array.data.slice(), shape: entry.array.shape }];
        }),
      ),
    );
  }

  drop(names: readonly string[] = this.names()): void {
    for (const name of names) this.#entries.delete(name);
  }

  /** The entry called `name`, if there is one. */
  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Takes over an array without copying it. */
  put(name: string, array: HostArray): void {
    this.#entries.set(name, { array, tensor: bindTensor(array) });
  }
}
