// The contract behind which studies are read: by threads from files in Node, from memory in a page.
import type { StudyBatch, TextBatch } from '@hybridmed/data/browser';

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
