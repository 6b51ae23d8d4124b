// State of devices that keep it in host arrays.
import type { DeviceState, ExchangeChange, ExchangeOptions, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceError, dtypeOf } from '@hybridmed/tensor';
import { checkExchangeable, ExchangeBlock, exchangeLength } from '@hybridmed/tensor/exchange';

/** An array in a precision; integers stay as they are. */
export function toPrecision({ data, shape }: HostArray, precision: 'f32' | 'f64'): HostArray {
  if (data instanceof Int32Array) return { data, shape };
  if (precision === 'f64') return { data: data instanceof Float64Array ? data : Float64Array.from(data), shape };
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape };
}

/** State held in host arrays. */
export function hostState(
  device: string,
  convert: (array: HostArray) => HostArray,
  initial: HostArrays = {},
): DeviceState & { get(name: string): HostArray | undefined; put(name: string, value: HostArray): void } {
  const entries = new Map<string, HostArray>();
  const block = new ExchangeBlock();
  const copy = ({ data, shape }: HostArray): HostArray => ({ data: data.slice(), shape: [...shape] });
  const state = {
    names: () => [...entries.keys()],
    write(arrays: HostArrays) {
      for (const [name, array] of Object.entries(arrays)) entries.set(name, copy(convert(array)));
    },
    async read(names = [...entries.keys()] as readonly string[]) {
      return Object.fromEntries(
        names.map((name) => {
          const entry = entries.get(name);
          if (!entry) throw new DeviceError(device, `state has no entry "${name}"`);
          return [name, copy(entry)];
        }),
      );
    },
    exchange: async (names: readonly string[], change: ExchangeChange, options?: ExchangeOptions) =>
      block.exchange(
        names.map((name) => {
          const entry = entries.get(name);
          checkExchangeable(device, name, entry && dtypeOf(entry));
          return entry!.data as Float32Array | Float64Array;
        }),
        exchangeLength(device, options),
        change,
      ),
    drop(names = [...entries.keys()] as readonly string[]) {
      for (const name of names) entries.delete(name);
    },
    get: (name: string) => entries.get(name),
    put: (name: string, value: HostArray) => void entries.set(name, value),
  };
  state.write(initial);
  return state;
}

/** State in host arrays. */
export type HostState = ReturnType<typeof hostState>;
