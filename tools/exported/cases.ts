// What each engine is given: graphs with inputs and the outputs they must give, and texts to be written with the example loops.
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { dtypeOf } from '@hybridmed/tensor';

/** An array as JSON. */
export interface NumberArray {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The file every engine reads. */
export interface Cases {
  readonly graphs: readonly {
    readonly file: string;
    readonly external?: string;
    readonly inputs: Readonly<Record<string, NumberArray>>;
    readonly outputs: Readonly<Record<string, NumberArray>>;
  }[];
  readonly texts: readonly {
    readonly folder: string;
    readonly inputs: Readonly<Record<string, NumberArray>>;
    readonly settings: { readonly special: { readonly cls: number; readonly sep: number }; readonly maxTokens: number };
  }[];
}

/** A host array as JSON. */
export const plainArray = (array: HostArray): NumberArray => ({ dtype: dtypeOf(array), shape: array.shape, data: [...array.data] });

/** Named host arrays as JSON. */
export const plainArrays = (arrays: HostArrays): Record<string, NumberArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, plainArray(array)]));
