// What a model is asked in an evaluation: lists in the order of the studies, of which a part of the work has a run of each. Reports are made of them elsewhere.
import type { ImageBatch, Loader, StudyBatch, TextBatch } from '@hybridmed/data';
import type { SessionInfo } from '@hybridmed/model/session';
import type { StudySource } from '@hybridmed/training';
import type { Vectors } from '@hybridmed/eval';
import { evaluationBatch } from './evaluation-plan.ts';

/** The model as a report names it. Plain JSON. */
export interface EvaluatedModel {
  readonly checkpoint: string;
  readonly stage: SessionInfo['stage'];
  readonly readsImages: boolean;
  /** What its images were trained by, and the head that is evaluated, where it is. */
  readonly labels?: SessionInfo['labels'];
  readonly lossParameters?: SessionInfo['lossParameters'];
  readonly device: string;
  /** SHA-256 of its parameters. */
  readonly weights: string;
}

/** Losses of some studies in nats, summed over their target tokens, and the numbers of those tokens. */
export interface NatsPiece {
  readonly nats: Float64Array;
  readonly tokens: Float64Array;
}

/** Losses of the image branch for some studies: see `ImageLosses`. */
export interface ImagePiece extends NatsPiece {
  /** By shuffle; empty where nothing is shuffled. */
  readonly mismatched: readonly Float64Array[];
  /** Log-likelihood of each sentence, (studies, sentences). */
  readonly sentences: Float64Array;
}

/** Vectors of some texts or images (n, d). */
export interface VectorPiece {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The lists. Each is in order, in pieces of any length; those of a model without an image branch are fewer. */
export interface Measurements {
  /** Totals of each batch: see `splitTotals`. */
  readonly totals: readonly (readonly number[])[];
  readonly findings: readonly NatsPiece[];
  readonly image: readonly ImagePiece[];
  /** Of the image branch of a model that reads no images. */
  readonly withoutImages: readonly NatsPiece[];
  readonly imageTexts: readonly string[];
  /** By likelihood ratio, where there is one. */
  readonly ratioTexts: readonly string[];
  readonly findingsTexts: readonly string[];
  /** Of images in the common space and, where a head reads them, by the encoder itself, of distinct impressions, and of the prompts' sentences. */
  readonly imageVectors: readonly VectorPiece[];
  readonly encoderVectors: readonly VectorPiece[];
  readonly impressionVectors: readonly VectorPiece[];
  readonly promptVectors: readonly VectorPiece[];
}

/** The items of a list of `n` that are computed here, from the first up to the one after the last. */
export type Share = (items: number) => readonly [number, number];

/** Number of batches of a loader. */
export const batchesOf = ({ studies }: Loader): number => Math.ceil(studies.length / evaluationBatch);

/** Batches from `from` on as far as this share of `of` goes. */
async function* shared<T>(of: number, share: Share, from: (step: number) => AsyncIterable<T>): AsyncGenerator<T> {
  const [first, end] = share(of);
  let at = first;
  if (first === end) return;
  for await (const batch of from(first)) {
    yield batch;
    if (++at === end) return;
  }
}

/** This share of a loader's batches. */
export const sharedBatches = (loader: Loader, share: Share): AsyncGenerator<StudyBatch> =>
  shared(batchesOf(loader), share, (startStep) => loader.batches({ startStep }));

/** The same batches without texts. */
export const sharedImages = (loader: Loader, share: Share): AsyncGenerator<ImageBatch> =>
  shared(batchesOf(loader), share, (startStep) => loader.imageBatches({ startStep }));

/** The same batches without images. */
export function* sharedTexts(loader: Loader, share: Share): Generator<TextBatch> {
  const [first, end] = share(batchesOf(loader));
  let at = first;
  if (first === end) return;
  for (const batch of loader.textBatches({ startStep: first })) {
    yield batch;
    if (++at === end) return;
  }
}

/** A source that gives this share of its batches. */
export const sharedSource = (source: StudySource, loader: Loader, share: Share): StudySource => ({
  ...source,
  batches: (range) => shared(batchesOf(loader), share, (startStep) => source.batches({ ...range, startStep })),
  textBatches: () => sharedTexts(loader, share),
});

/** Vectors of pieces as those of all their rows; (0, 0) of none. */
export function joinedVectors(pieces: readonly VectorPiece[]): Vectors {
  const width = pieces[0]?.shape[1] ?? 0;
  const data = new Float32Array(pieces.reduce((sum, piece) => sum + piece.data.length, 0));
  let at = 0;
  for (const piece of pieces) {
    data.set(piece.data, at);
    at += piece.data.length;
  }
  return { data, shape: [width === 0 ? 0 : data.length / width, width] };
}

/** Rows of log-likelihoods as one matrix (studies, columns). */
export function joinedRows(pieces: readonly Float64Array[], columns: number): Vectors {
  const data = Float64Array.from(pieces.flatMap((piece) => Array.from(piece)));
  return { data, shape: [columns === 0 ? 0 : data.length / columns, columns] };
}
