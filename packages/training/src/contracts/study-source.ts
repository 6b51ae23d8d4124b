// The contract behind which studies are read: by threads from files in Node, from memory in a page.
import type { BatchField } from '@hybridmed/model/graphs';
import type { HostArray } from '@hybridmed/tensor';

/** Texts of a batch of B studies: findings (B, L), impression (B, Y), input and target (B, T) i32, masks f32, groups (B) i32. */
export type TextArrays = Readonly<Record<Exclude<BatchField, 'image'>, HostArray>>;

/** Texts of some studies. */
export interface TextBatch {
  readonly arrays: TextArrays;
  /** Which studies of the source they are. */
  readonly studies: readonly number[];
}

/** Images (B, C, H, W) in [-1, 1] and texts of some studies. */
export interface StudyBatch extends TextBatch {
  readonly arrays: TextArrays & { readonly image: HostArray };
}

/** Batches of one split. */
export interface StudySource {
  /** Number of studies. */
  readonly size: number;
  readonly stepsPerEpoch: number;
  /** Batches of an epoch from `startStep` on: the same ones whenever they are asked for. Without options: the split once, in order. */
  batches(range?: { epoch?: number; startStep?: number }): AsyncIterable<StudyBatch>;
  /** Batches without images, in order. */
  texts(batchSize: number): Iterable<TextBatch>;
  /** Gives a batch's memory back for another one: its arrays must not be used any more. */
  recycle(batch: StudyBatch): void;
  close(): Promise<void>;
}
