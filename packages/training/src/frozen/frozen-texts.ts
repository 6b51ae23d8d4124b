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

/** Distinct texts of some rows, and the place of each row's text among them. */
function distinctTexts(rows: readonly Int32Array[]): { readonly texts: readonly Int32Array[]; readonly places: readonly number[] } {
  const known = new Map<string, number>();
  const texts: Int32Array[] = [];
  const places = rows.map((row) => {
    const key = row.join();
    const place = known.get(key) ?? texts.push(row) - 1;
    known.set(key, place);
    return place;
  });
  return { texts, places };
}

/** Gives zeros, in memory that is used again: they are written to once what was there has been read. */
function zerosByText(): (text: TextName, size: number) => Float32Array {
  const memory = new Map<TextName, Float32Array>();
  return (text, size) => {
    const known = memory.get(text);
    const own = known && known.length >= size ? known : new Float32Array(size);
    memory.set(text, own);
    return own.subarray(0, size).fill(0);
  };
}

/** The step for a front of these shapes. */
export function frozenTexts(shapes: Readonly<Record<TextName, TextFeatureShape>>, compute: ComputeTexts, { store, coding, nameOf }: TextShelf): FrozenTexts {
  const zeros = zerosByText();

  /** Features of each of some texts, of which no two are equal. */
  async function featuresOf(text: TextName, texts: readonly Int32Array[], keep: boolean): Promise<Float32Array[]> {
    const names = texts.map((ids) => nameOf(text, ids));
    const known = async (ids: Int32Array, i: number): Promise<Float32Array | undefined> => {
      const bytes = await store.get(names[i]!);
      return bytes && coding.decode(bytes, featureSize(shapes[text], ids.length));
    };
    const features = await Promise.all(texts.map(known));
    const missing = [...texts.keys()].filter((i) => !features[i]);
    if (missing.length === 0) return features as Float32Array[];
    const own = missing.map((i) => texts[i]!);
    const computed = await compute(text, own);
    const put = async (i: number, at: number): Promise<void> => {
      features[i] = coding.round(computed[at]!);
      if (keep) await store.put(names[i]!, coding.encode(features[i]));
    };
    await Promise.all(missing.map(put));
    return features as Float32Array[];
  }

  async function ofRows(text: TextName, ids: HostArray, mask: HostArray, keep: boolean): Promise<HostArray> {
    const { texts, places } = distinctTexts(tokenRows(ids, mask));
    const features = await featuresOf(text, texts, keep);
    const { perToken, columns } = shapes[text];
    const shape = [...(perToken ? ids.shape : ids.shape.slice(0, 1)), columns];
    const each = featureSize(shapes[text], ids.shape[1]!);
    const data = zeros(text, places.length * each);
    places.forEach((place, row) => data.set(features[place]!, row * each));
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
