// The step between a source of studies and a model's graphs: what frozen fronts of its encoders make of a batch.
import type { HostArrays } from '@hybridmed/tensor';
import type { StudySource } from '../contracts/study-source.ts';

/** A batch as a source gives it: see `StudyBatch`. */
export interface ImageBatch {
  readonly studies: readonly number[];
  readonly copies?: readonly number[] | undefined;
  readonly known?: readonly (Float32Array | undefined)[] | undefined;
}

/** The step, and what it knows before an image is read. */
export interface FrontStep {
  readonly known?: NonNullable<Parameters<StudySource['batches']>[0]>['known'];
  /** The arrays with `image` replaced by features, and features of texts beside their token ids; without frozen parts the same arrays. */
  apply<T extends HostArrays>(arrays: T, batch: ImageBatch): Promise<T>;
}

/** The step of a model without frozen parts. */
export const asTheyAre: FrontStep = { apply: (arrays) => Promise.resolve(arrays) };
