// Memory of the optimizer: each parameter with its gradient and moments in one WebAssembly memory, where the kernels reach them and ONNX Runtime binds them.
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { Kernels } from '../wasm/kernels.ts';
import { alignment, kernelsOver } from '../wasm/kernels.ts';
import type { Entry } from './bound-array.ts';
import { bindEntry } from './bound-array.ts';

/** One parameter's place. */
export interface Slot {
  readonly kernels: Kernels;
  readonly parameter: Entry;
  readonly gradient: Entry;
  readonly first: Entry;
  readonly second: Entry;
  /** Byte offsets of the four arrays, and the padded size of each. */
  readonly offsets: { readonly parameter: number; readonly gradient: number; readonly first: number; readonly second: number; readonly bytes: number };
}

const page = 65_536;
/** A memory holds 65,536 pages; the last stays free, so that ends of arrays fit in 32 bits. */
const limit = 65_535 * page;

const paddedBytes = (shape: readonly number[]): number => Math.max(1, Math.ceil((sizeOf(shape) * 4) / alignment)) * alignment;

/** Splits sizes into runs that fit one memory each. */
function shardsOf(sizes: readonly number[]): number[][] {
  const shards: number[][] = [];
  let room = 0;
  sizes.forEach((bytes, index) => {
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = limit;
    }
    shards.at(-1)!.push(index);
    room -= bytes;
  });
  return shards;
}

/** Zeroed places for parameters of the given shapes. Memories never grow, since that would detach what is bound. */
export function allocateSlots(shapes: readonly (readonly number[])[]): Slot[] {
  const sizes = shapes.map((shape) => 4 * paddedBytes(shape));
  return shardsOf(sizes).flatMap((indices) => {
    const pages = Math.ceil(indices.reduce((total, index) => total + sizes[index]!, 0) / page);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const kernels = kernelsOver(memory);
    let next = 0;
    return indices.map((index) => {
      const shape = shapes[index]!;
      const bytes = paddedBytes(shape);
      const offset = (at: number): number => next + at * bytes;
      const offsets = { parameter: offset(0), gradient: offset(1), first: offset(2), second: offset(3), bytes };
      next += 4 * bytes;
      const entry = (from: number): Entry =>
        bindEntry(
          {
            data: new Float32Array(memory.buffer, from, sizeOf(shape)),
            shape,
          },
          true,
        );
      return {
        kernels,
        offsets,
        parameter: entry(offsets.parameter),
        gradient: entry(offsets.gradient),
        first: entry(offsets.first),
        second: entry(offsets.second),
      };
    });
  });
}

/** Copies an entry's numbers to its place, unless they are there. */
export function moveInto(place: Entry, { data }: HostArray): void {
  if (place.array.data !== data) (place.array.data as Float32Array).set(data);
}
