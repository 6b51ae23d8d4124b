// The loader: batches of typed arrays, in an order and with crops that depend on seed, epoch and study alone, prefetched.
import { availableParallelism } from 'node:os';
import { UnreadableStudiesError } from '../errors.ts';
import { defaultRangeReader } from '../image/range-cache.ts';
import { isUrl } from '../image/image-bytes.ts';
import type { Study } from '../study.ts';
import { prefetch } from '../threads/prefetch.ts';
import { TaskPool } from '../threads/task-pool.ts';
import type { Augmentation } from './augment.ts';
import { checkAugmentation } from './augment.ts';
import type { BatchItem, BatchRequest, BatchSettings, Encoder, MadeBatch, StudyTokens } from './batch-maker.ts';
import { createBatchMaker, encodeStudy } from './batch-maker.ts';
import type { ImageBatch, StudyBatch, TextBatch } from './batch.ts';
import { collateTexts } from './collate.ts';
import { ImageMemory } from './image-memory.ts';
import type { Sampling } from './order.ts';
import { trainingOrder } from './order.ts';
import { startFetcher } from './range-client.ts';
import { cacheMemory } from './square-cache.ts';
import type { WorkerStart } from './worker.ts';

/** What the loader needs of a tokenizer. */
export interface LoaderTokenizer extends Encoder {
  readonly special: { readonly pad: number };
  /** What `tokenizerModule` makes the same tokenizer from. */
  toJSON?(): unknown;
}

/** Options of a loader. */
export interface LoaderOptions {
  studies: readonly Study[];
  tokenizer: LoaderTokenizer;
  /** URL of a module whose `createTokenizer(tokenizer.toJSON())` gives the tokenizer to a worker; without it texts are encoded on this thread. */
  tokenizerModule?: string;
  /** Side images are resized to, side of the crop, and channels. */
  image: { resize: number; size: number; channels: number };
  /** Max tokens, special ones included: 128 and 80 by default. */
  findingsLength?: number;
  impressionLength?: number;
  /** Studies of a batch: of a step, or of this process's part of it where ranks share it. */
  batchSize: number;
  seed?: number;
  /** Training: in a random order, randomly cropped, a partial last batch dropped. Otherwise in order, centre-cropped, whole. */
  train: boolean;
  /** The order of training; every study once by default. */
  sampling?: Sampling;
  /** What training varies beside the crop; nothing by default. */
  augmentation?: Augmentation;
  /** Threads that make batches ahead of use; 0 makes them on this one. By default one fewer than the processor has, at least 1 and at most 4. */
  workers?: number;
  /** Batches made ahead: one more than there are workers by default. */
  ahead?: number;
  /** Bytes of decoded images kept in memory: 1 GiB by default. */
  cacheBytes?: number;
  /** This process's number among `ranks` that work together: each takes its part of every step or, in evaluation, every `ranks`-th batch. */
  rank?: number;
  ranks?: number;
  /** Passes of a step over all ranks, equal parts of it, of which a rank takes every `ranks`-th; as many as there are ranks by default. */
  passes?: number;
}

/** Which batches: of an epoch, from a step on. `inStep` may put others in the places of a step's studies. */
export interface BatchRange {
  epoch?: number;
  startStep?: number;
  inStep?: (studies: readonly number[]) => readonly number[];
}

/** Batches of studies. */
export interface Loader {
  readonly studies: readonly Study[];
  readonly stepsPerEpoch: number;
  /** Batches of an epoch from `startStep` on: the same ones whenever it is asked. */
  batches(range?: BatchRange): AsyncGenerator<StudyBatch>;
  /** The same batches without texts: none is encoded. */
  imageBatches(range?: BatchRange): AsyncGenerator<ImageBatch>;
  /** The same batches without images: none is read. */
  textBatches(options?: { epoch?: number; startStep?: number }): Generator<TextBatch>;
  /** Batches without images, in order: for what needs only texts. */
  texts(batchSize: number): Generator<TextBatch>;
  /** Gives a batch's memory back for another one. Its arrays must not be used any more. Batches that are kept need not be given back. */
  recycle(batch: ImageBatch): void;
  close(): Promise<void>;
}

const defaultWorkers = (): number => Math.min(4, Math.max(1, availableParallelism() - 1));

/** What the options say of every batch. Throws a DataError for an augmentation out of range. */
function settingsOf(options: LoaderOptions): BatchSettings {
  const { studies, tokenizer, image, train, seed = 0, findingsLength = 128, impressionLength = 80, augmentation = {}, cacheBytes = 2 ** 30 } = options;
  checkAugmentation(augmentation);
  const cache = cacheMemory(studies.length, image.resize ** 2, cacheBytes);
  return { image, findingsLength, impressionLength, pad: tokenizer.special.pad, seed, train, augmentation, cache };
}

/** Makes a loader. A study whose image cannot be read makes `batches` throw an UnreadableStudiesError that names the file. */
export function createLoader(options: LoaderOptions): Loader {
  const { studies, tokenizer, tokenizerModule, image, batchSize, workers = defaultWorkers(), ahead = workers + 1 } = options;
  const settings = settingsOf(options);
  const threads = workers > 0 ? startThreads(options, settings, workers) : undefined;
  const here = createBatchMaker(settings, tokenizer, defaultRangeReader);
  // Of each study once it is encoded, here or in a worker.
  const tokens: StudyTokens[] = [];
  const encoded = (study: number): StudyTokens => (tokens[study] ??= encodeStudy(tokenizer, studies[study]!, settings));
  const memory = new ImageMemory(batchSize * image.channels * image.size ** 2 * Float32Array.BYTES_PER_ELEMENT);
  const { stepsPerEpoch, stepsOf } = epochSteps(options, settings.seed);

  async function make(indices: readonly number[], epoch: number, texts: boolean): Promise<ImageBatch> {
    const items = indices.map((study): BatchItem => {
      const { image: file, findings, impression } = studies[study]!;
      if (!texts) return { study, image: file, slot: study };
      const known = threads && tokenizerModule !== undefined ? tokens[study] : encoded(study);
      return { study, image: file, slot: study, ...(known ? { tokens: known } : { texts: { findings, impression } }) };
    });
    const request: BatchRequest = { epoch, texts, items, buffer: threads ? memory.shared() : memory.own() };
    const made = await (threads?.pool.run(request) ?? here.make(request));
    if ('unreadable' in made) throw new UnreadableStudiesError(made.unreadable);
    for (const [i, own] of made.tokens.entries()) if (own) tokens[indices[i]!] = own;
    return { arrays: made.arrays, studies: indices };
  }
  const textBatch = (indices: readonly number[]): TextBatch => textBatchOf(indices, indices.map(encoded), settings.pad);
  function batchesOf(texts: boolean, { epoch = 0, startStep = 0, inStep = (own: readonly number[]) => own }: BatchRange = {}): AsyncGenerator<ImageBatch> {
    const studiesOf = stepsOf(epoch);
    return prefetch({
      from: startStep,
      to: stepsPerEpoch,
      // Without workers nothing is made ahead: it would only delay the first batch. The next one then waits until this one may have been
      // given back, whose memory serves for it.
      ahead: threads ? Math.max(ahead, workers) : 1,
      early: threads !== undefined,
      make: async (step) => make(inStep(studiesOf(step)), epoch, texts),
      take: (batch) => ({ ...batch, arrays: memory.take(batch.arrays) }),
      discard: (batch) => memory.release(batch.arrays),
    });
  }
  return {
    studies,
    stepsPerEpoch,
    batches: (range) => batchesOf(true, range) as AsyncGenerator<StudyBatch>,
    imageBatches: (range) => batchesOf(false, range),
    *textBatches({ epoch = 0, startStep = 0 } = {}) {
      const studiesOf = stepsOf(epoch);
      for (let step = startStep; step < stepsPerEpoch; step++) yield textBatch(studiesOf(step));
    },
    *texts(size) {
      for (let start = 0; start < studies.length; start += size)
        yield textBatch(Array.from({ length: Math.min(size, studies.length - start) }, (_, i) => start + i));
    },
    recycle: ({ arrays }) => memory.recycle(arrays),
    async close() {
      here.close();
      await threads?.close();
    },
  };
}

function epochSteps(options: LoaderOptions, seed: number) {
  const { studies, batchSize, train, sampling = { by: 'shuffle' }, rank = 0, ranks = 1, passes = ranks } = options;
  const order = train ? trainingOrder({ studies, sampling, seed, passes, passSize: (batchSize * ranks) / passes, rank, ranks }) : undefined;
  const stepsPerEpoch = order?.stepsPerEpoch ?? Math.ceil((Math.ceil(studies.length / batchSize) - rank) / ranks);
  const startOf = (step: number): number => (order ? step : rank + step * ranks) * batchSize;
  const stepsOf = (epoch: number) => {
    const all = order?.epoch(epoch) ?? Int32Array.from(studies.keys());
    return (step: number): number[] => [...all.subarray(startOf(step), startOf(step) + batchSize)];
  };
  return { stepsPerEpoch, stepsOf };
}

function textBatchOf(studies: readonly number[], tokens: readonly StudyTokens[], pad: number): TextBatch {
  const [findings, impressions] = [tokens.map((own) => own.findings), tokens.map((own) => own.impression)];
  return { arrays: collateTexts(findings, impressions, pad), studies };
}

/** Workers, and where images are to be fetched, one thread more that fetches for all of them. */
function startThreads({ studies, tokenizer, tokenizerModule }: LoaderOptions, settings: BatchSettings, workers: number) {
  const fetching = studies.some((study) => isUrl(study.image)) ? startFetcher(workers) : undefined;
  const encoder = tokenizerModule === undefined ? {} : { tokenizer: { module: tokenizerModule, config: tokenizer.toJSON?.() } };
  const starts = Array.from({ length: workers }, (_, i) => {
    const ranges = fetching?.ports[i];
    return { data: { settings, ...encoder, ...(ranges ? { ranges } : {}) } satisfies WorkerStart, transfer: ranges ? [ranges] : [] };
  });
  const pool = new TaskPool<BatchRequest, MadeBatch>('loader/worker', starts);
  return { pool, close: async () => void (await Promise.all([pool.close(), fetching?.fetcher.terminate()])) };
}
