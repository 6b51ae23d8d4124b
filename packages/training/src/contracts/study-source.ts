// The contract of a source of studies: threads that read files in Node, memory in a page.
import type { KnownFeatures, StudyBatch, TextBatch } from '@hybridmed/data/browser';

/** A study, by number, whose image cannot be read, and the line that says why. */
export interface UnreadableStudy {
  readonly study: number;
  readonly reason: string;
}

/** A batch, and its step's studies whose images cannot be read, in whose places others are. */
export interface SourceBatch extends StudyBatch {
  readonly unreadable?: readonly UnreadableStudy[];
}

/** Batches of one split. */
export interface StudySource {
  /** Number of studies. */
  readonly size: number;
  readonly stepsPerEpoch: number;
  /** What a study is called in what is saved. */
  idOf(study: number): string;
  /**
   * Batches of an epoch from `startStep` on: the same ones at every call. Without options: the split once, in order. In the places of
   * studies `leftOut`, and of those that a batch names as unreadable, are the next ones of their steps. With `crops` a training image comes
   * as one of so many fixed copies; where `known` gives a copy's features, its image is not read.
   */
  batches(range?: { epoch?: number; startStep?: number; leftOut?: ReadonlySet<number>; crops?: number; known?: KnownFeatures }): AsyncIterable<SourceBatch>;
  /** What a copy of a study's image is known by, whatever run or process reads it; undefined where that cannot be said. */
  imageName?(study: number, copy: number): Promise<string | undefined>;
  /** The same batches without images, of all studies. */
  textBatches(range?: { epoch?: number; startStep?: number }): Iterable<TextBatch>;
  /** Batches without images, in order. */
  texts(batchSize: number): Iterable<TextBatch>;
  /** Returns a batch's memory for another batch: its arrays must not be used afterwards. */
  recycle(batch: StudyBatch): void;
  close(): Promise<void>;
}
