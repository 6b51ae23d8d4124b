// The contract of a source of studies: threads that read files in Node, memory in a page.
import type { StudyBatch, TextBatch } from '@hybridmed/data/browser';

/** Batches of one split. */
export interface StudySource {
  /** Number of studies. */
  readonly size: number;
  readonly stepsPerEpoch: number;
  /** Batches of an epoch from `startStep` on: the same ones at every call. Without options: the split once, in order. */
  batches(range?: { epoch?: number; startStep?: number }): AsyncIterable<StudyBatch>;
  /** Batches without images, in order. */
  texts(batchSize: number): Iterable<TextBatch>;
  /** Returns a batch's memory for another batch: its arrays must not be used afterwards. */
  recycle(batch: StudyBatch): void;
  close(): Promise<void>;
}
