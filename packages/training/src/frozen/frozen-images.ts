// What the frozen part of a vision encoder makes of a source's images: computed once for each copy of an image that stays as it is, and kept.
import { throughFrozen } from '@hybridmed/model/graphs';
import { sliceRows } from '@hybridmed/model/host-arrays';
import type { VisionEncoder } from '@hybridmed/nn';
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { ByteStore } from '../contracts/byte-store.ts';
import type { FeatureCoding } from './feature-coding.ts';
import type { FrontStep } from './front-step.ts';

/** Where features are kept, how they are written there, and what those of a copy of a study's image are called. */
export interface FeatureShelf {
  readonly store: ByteStore;
  readonly coding: FeatureCoding;
  nameOf(study: number, copy: number): Promise<string | undefined>;
}

/** Images of a batch computed at a time: always so many, so that an image's bits depend on no other one. */
function inChunks(vision: VisionEncoder, chunk: number) {
  return async (images: HostArray, take: (features: Float32Array, row: number) => void): Promise<void> => {
    const count = images.shape[0]!;
    const size = sizeOf(vision.frozen!.shape);
    for (let from = 0; from < count; from += chunk) {
      const own = sliceRows(images, from, Math.min(count, from + chunk));
      const { data } = await throughFrozen(vision, own.shape[0] === chunk ? own : padded(own, chunk));
      for (let row = 0; row < own.shape[0]!; row++) take((data as Float32Array).subarray(row * size, (row + 1) * size), from + row);
    }
  };
}

/** Rows, and zeros up to `count`. */
function padded({ data, shape }: HostArray, count: number): HostArray {
  const whole = new Float32Array(count * sizeOf(shape.slice(1)));
  whole.set(data);
  return { data: whole, shape: [count, ...shape.slice(1)] };
}

/** The step for an encoder with a frozen part, `chunk` images at a time; without a shelf everything is computed each time. */
export function frozenImages(vision: VisionEncoder, chunk: number, shelf: FeatureShelf | undefined): FrontStep {
  const { shape } = vision.frozen!;
  const size = sizeOf(shape);
  const compute = inChunks(vision, chunk);
  let memory = new Float32Array(0);
  const keep = async (study: number, copy: number, features: Float32Array): Promise<void> => {
    const name = await shelf!.nameOf(study, copy);
    if (name !== undefined) await shelf!.store.put(name, shelf!.coding.encode(features));
  };
  return {
    ...(shelf && {
      async known(study: number, copy: number) {
        const name = await shelf.nameOf(study, copy);
        const bytes = name === undefined ? undefined : await shelf.store.get(name);
        return bytes && shelf.coding.decode(bytes, size);
      },
    }),
    async apply(arrays, { studies, copies, known }) {
      const { image } = arrays;
      if (!image) return arrays;
      // One step after another: its features are read before the next one's are written.
      if (memory.length < studies.length * size) memory = new Float32Array(studies.length * size);
      const data = memory.subarray(0, studies.length * size);
      known?.forEach((features, row) => features && data.set(features, row * size));
      const missing = [...studies.keys()].filter((row) => !known?.[row]);
      const kept: Promise<void>[] = [];
      await compute(image, (features, i) => {
        const row = missing[i]!;
        const rounded = shelf?.coding.round(features) ?? features;
        data.set(rounded, row * size);
        if (shelf && copies) kept.push(keep(studies[row]!, copies[row]!, rounded));
      });
      await Promise.all(kept);
      return { ...arrays, image: { data, shape: [studies.length, ...shape] } };
    },
  };
}
