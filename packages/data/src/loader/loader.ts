// The loader: batches of typed arrays, in an order and with crops that depend on seed, epoch and study alone, prefetched.
import { availableParallelism } from 'node:os';
import { UnreadableStudiesError } from '../unreadable-studies.ts';
import { defaultRangeReader, isUrl } from '@hybridmed/images/bytes';
import type { Study } from '../study.ts';
import { prefetch } from '../threads/prefetch.ts';
import { TaskPool } from '../threads/task-pool.ts';
import type { Augmentation } from './augment.ts';
import { checkAugmentation } from './augment.ts';
import type { BatchItem, BatchRequest, BatchSettings, Encoder, MadeBatch, StudyTokens } from './batch-maker.ts';
import { createBatchMaker, encodeStudy } from './batch-maker.ts';
import type { ImageBatch, KnownFeatures, StudyBatch, TextBatch } from './batch.ts';
import { collateTexts } from './collate.ts';
import { copiesOf } from './copies.ts';
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

/** Which batches. */
export interface BatchRange {
  epoch?: number;
  startStep?: number;
  /** May put others in the places of a step's studies. */
  inStep?(studies: readonly number[]): readonly number[];
  /** In training, of how many fixed copies of each image an epoch has one: the centre crop, and others; 0 (by default) for a crop anew in each epoch. */
  crops?: number;
  /** Asked for each copy: the image of a study whose features it gives is not read. */
  known?: KnownFeatures;
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
  const { studies, tokenizer, image, seed = 0, findingsLength = 128, impressionLength = 80, augmentation = {}, cacheBytes = 2 ** 30 } = options;
  checkAugmentation(augmentation);
  const cache = cacheMemory(studies.length, image.resize ** 2, cacheBytes);
  return { image, findingsLength, impressionLength, pad: tokenizer.special.pad, seed, augmentation, cache };
}

/** What makes batches of studies by number, on threads or here, and encodes each text once. */
function startMaking(options: LoaderOptions) {
  const { studies, tokenizer, tokenizerModule, image, batchSize, train, workers = defaultWorkers() } = options;
  const settings = settingsOf(options);
  const threads = workers > 0 ? startThreads(options, settings, workers) : undefined;
  const here = createBatchMaker(settings, tokenizer, defaultRangeReader);
  // Of each study once it is encoded, here or in a worker.
  const tokens: StudyTokens[] = [];
  const encoded = (study: number): StudyTokens => (tokens[study] ??= encodeStudy(tokenizer, studies[study]!, settings));
  const memory = new ImageMemory(batchSize * image.channels * image.size ** 2 * Float32Array.BYTES_PER_ELEMENT);
  return {
    memory,
    hasThreads: threads !== undefined,
    textBatch: (indices: readonly number[]): TextBatch => textBatchOf(indices, indices.map(encoded), settings.pad),
    async make(indices: readonly number[], which: BatchRange, texts: boolean): Promise<ImageBatch> {
      const { copies, known } = await copiesOf(indices, { train, seed: settings.seed }, which);
      const items = indices.map((study, i): BatchItem => {
        const { image: file, findings, impression } = studies[study]!;
        const item = { study, slot: study, copy: copies?.[i], ...(known?.[i] ? {} : { image: file }) };
        if (!texts) return item;
        const own = threads && tokenizerModule !== undefined ? tokens[study] : encoded(study);
        return { ...item, ...(own ? { tokens: own } : { texts: { findings, impression } }) };
      });
      const reads = items.some((item) => item.image !== undefined);
      // What needs neither an image nor an encoder is made at once.
      const inThread = threads && (reads || items.some((item) => item.texts));
      const buffer = !reads ? new ArrayBuffer(0) : inThread ? memory.shared() : memory.own();
      const request: BatchRequest = { epoch: which.epoch ?? 0, texts, items, buffer };
      const made = await (inThread ? threads.pool.run(request) : here.make(request));
      if ('unreadable' in made) throw new UnreadableStudiesError(made.unreadable);
      made.tokens.forEach((own, i) => {
        if (own) tokens[indices[i]!] = own;
      });
      return { arrays: made.arrays, studies: indices, ...(copies && { copies }), ...(known && { known }) };
    },
    async close() {
      here.close();
      await threads?.close();
    },
  };
}

/** Makes a loader. A study whose image cannot be read makes `batches` throw an UnreadableStudiesError that names the file. */
export function createLoader(options: LoaderOptions): Loader {
  const { studies, seed = 0, workers = defaultWorkers(), ahead = workers + 1 } = options;
  const { memory, hasThreads, textBatch, make, close } = startMaking(options);
  const { stepsPerEpoch, stepsOf } = epochSteps(options, seed);
  function batchesOf(texts: boolean, which: BatchRange = {}): AsyncGenerator<ImageBatch> {
    const { epoch = 0, startStep = 0, inStep = (own: readonly number[]) => own } = which;
    const studiesOf = stepsOf(epoch);
    return prefetch({
      from: startStep,
      to: stepsPerEpoch,
      // Without workers nothing is made ahead: it would only delay the first batch. The next one then waits until this one may have been
      // given back, whose memory serves for it.
      ahead: hasThreads ? Math.max(ahead, workers) : 1,
      early: hasThreads,
      make: async (step) => make(inStep(studiesOf(step)), which, texts),
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
    close,
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
