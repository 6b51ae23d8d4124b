// What the frozen front of a text encoder makes of a batch's texts: computed once for each list of token ids, and kept.
import type { TextName } from '@hybridmed/model/graphs';
import { textFeatureField } from '@hybridmed/model/graphs';
import type { TextFeatureShape } from '@hybridmed/model';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { ByteStore } from '../contracts/byte-store.ts';
import type { FeatureCoding } from './feature-coding.ts';

/** Where features of texts are kept, how they are written there, and what those of a text's token ids are called. */
export interface TextShelf {
  readonly store: ByteStore;
  readonly coding: FeatureCoding;
  nameOf(text: TextName, ids: Int32Array): string;
}

/** Features of texts, each by its token ids alone. */
export interface FrozenTexts {
  /** The arrays with the features of these of their texts, which are (B, L, columns), 0 behind a text's tokens, or (B, columns). What is computed for it is kept, unless `keep` is false. */
  apply<T extends HostArrays>(arrays: T, texts: readonly TextName[], keep?: boolean): Promise<T>;
}

/** Computes features: of each list of token ids one array, in their order. */
export type ComputeTexts = (text: TextName, texts: readonly Int32Array[]) => Promise<readonly Float32Array[]>;

/** Token ids of the rows of ids and mask (B, L). Throws a RangeError for a mask with holes. */
export function tokenRows(ids: HostArray, mask: HostArray): Int32Array[] {
  const [rows, length] = ids.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const own = mask.data.subarray(row * length, (row + 1) * length);
    const count = own.lastIndexOf(1) + 1;
    if (own.subarray(0, count).includes(0)) throw new RangeError(`the mask of text ${row} has holes; real tokens come first`);
    return (ids.data as Int32Array).subarray(row * length, row * length + count);
  });
}

/** Numbers that a text of so many tokens has. */
export const featureSize = ({ perToken, columns }: TextFeatureShape, tokens: number): number => (perToken ? tokens * columns : columns);

/** The step for a front of these shapes. */
export function frozenTexts(shapes: Readonly<Record<TextName, TextFeatureShape>>, compute: ComputeTexts, { store, coding, nameOf }: TextShelf): FrozenTexts {
  const memory = new Map<TextName, Float32Array>();
  /** Zeros that are written to once the step before has read them. */
  const zeroed = (text: TextName, size: number): Float32Array => {
    const known = memory.get(text);
    const own = known && known.length >= size ? known : new Float32Array(size);
    memory.set(text, own);
    return own.subarray(0, size).fill(0);
  };

  /** Features of each of some texts, of which no two are equal. */
  async function featuresOf(text: TextName, texts: readonly Int32Array[], keep: boolean): Promise<Float32Array[]> {
    const names = texts.map((ids) => nameOf(text, ids));
    const kept = await Promise.all(
      texts.map(async (ids, i) => {
        const bytes = await store.get(names[i]!);
        return bytes && coding.decode(bytes, featureSize(shapes[text], ids.length));
      }),
    );
    const missing = [...texts.keys()].filter((i) => !kept[i]);
    const computed =
      missing.length > 0
        ? await compute(
            text,
            missing.map((i) => texts[i]!),
          )
        : [];
    await Promise.all(
      missing.map(async (i, at) => {
        kept[i] = coding.round(computed[at]!);
        if (keep) await store.put(names[i]!, coding.encode(kept[i]));
      }),
    );
    return kept as Float32Array[];
  }

  async function ofRows(text: TextName, ids: HostArray, mask: HostArray, keep: boolean): Promise<HostArray> {
    const rows = tokenRows(ids, mask);
    const places = new Map<string, number>();
    const distinct = rows.filter((row) => {
      const key = row.join();
      if (places.has(key)) return false;
      places.set(key, places.size);
      return true;
    });
    const features = await featuresOf(text, distinct, keep);
    const { perToken, columns } = shapes[text];
    const shape = [...(perToken ? ids.shape : ids.shape.slice(0, 1)), columns];
    const each = featureSize(shapes[text], ids.shape[1]!);
    const data = zeroed(text, rows.length * each);
    rows.forEach((row, i) => data.set(features[places.get(row.join())!]!, i * each));
    return { data, shape };
  }

  return {
    async apply(arrays, texts, keep = true) {
      const own: HostArrays = arrays;
      const features: Record<string, HostArray> = {};
      for (const text of texts) features[textFeatureField(text)] = await ofRows(text, own[text]!, own[`${text}_mask`]!, keep);
      return { ...arrays, ...features };
    },
  };
}
