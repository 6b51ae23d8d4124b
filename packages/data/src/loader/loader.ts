// The loader: batches of typed arrays, in an order and with crops that depend on seed, epoch and study alone, made ahead of their use.
import { availableParallelism } from 'node:os';
import { defaultRangeReader } from '../image/range-cache.ts';
import { isUrl } from '../image/image-bytes.ts';
import type { Study } from '../study.ts';
import { TaskPool } from '../threads/task-pool.ts';
import type { Augmentation } from './augment.ts';
import { checkAugmentation } from './augment.ts';
import type { BatchRequest, BatchSettings, MadeBatch, StudyTokens } from './batch-maker.ts';
import { createBatchMaker } from './batch-maker.ts';
import type { StudyBatch, TextBatch } from './batch.ts';
import { collateTexts } from './collate.ts';
import { ImageMemory } from './image-memory.ts';
import type { Sampling } from './order.ts';
import { trainingOrder } from './order.ts';
import { startFetcher } from './range-client.ts';
import { cacheMemory } from './square-cache.ts';
import type { WorkerStart } from './worker.ts';

/** What the loader needs of a tokenizer. */
export interface LoaderTokenizer {
  encode(text: string, maxLength: number): number[];
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
  image: { resize: number; crop: number; channels: number };
  /** Greatest numbers of tokens, special ones included. */
  findingsLength?: number;
  impressionLength?: number;
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
  /** This process's number among `ranks` that train together: each takes its part of every step. */
  rank?: number;
  ranks?: number;
}

/** Batches of studies. */
export interface Loader {
  readonly studies: readonly Study[];
  readonly stepsPerEpoch: number;
  /** Batches of an epoch from `startStep` on: the same ones whenever it is asked. */
  batches(options?: { epoch?: number; startStep?: number }): AsyncGenerator<StudyBatch>;
  /** Batches without images, in order: for what needs only texts. */
  texts(batchSize: number): Generator<TextBatch>;
  /** Gives a batch's memory back for another one. Its arrays must not be used any more. Batches that are kept need not be given back. */
  recycle(batch: StudyBatch): void;
  close(): Promise<void>;
}

const defaultWorkers = (): number => Math.min(4, Math.max(1, availableParallelism() - 1));

/** Makes a loader. A study whose image cannot be read makes `batches` throw a DataError that names the file. */
export function createLoader(options: LoaderOptions): Loader {
  const {
    studies,
    tokenizer,
    tokenizerModule,
    image,
    batchSize,
    seed = 0,
    train,
    workers = defaultWorkers(),
    ahead = workers + 1,
    rank = 0,
    ranks = 1,
  } = options;
  const { findingsLength = 128, impressionLength = 80, sampling = { by: 'shuffle' }, augmentation = {}, cacheBytes = 2 ** 30 } = options;
  checkAugmentation(augmentation);
  const settings: BatchSettings = {
    image,
    findingsLength,
    impressionLength,
    pad: tokenizer.special.pad,
    seed,
    train,
    augmentation,
    cache: cacheMemory(studies.length, image.resize ** 2, cacheBytes),
  };
  const threads = workers > 0 ? startThreads(options, settings, workers) : undefined;
  const here = createBatchMaker(settings, tokenizer, defaultRangeReader);
  const make = (request: BatchRequest): Promise<MadeBatch> => threads?.pool.run(request) ?? here.make(request);

  const known: StudyTokens[] = [];
  const tokensOf = (study: number): StudyTokens =>
    (known[study] ??= {
      findings: Int32Array.from(tokenizer.encode(studies[study]!.findings, findingsLength)),
      impression: Int32Array.from(tokenizer.encode(studies[study]!.impression, impressionLength)),
    });
  const order = train ? trainingOrder({ studies, sampling, batchSize, seed, rank, ranks }) : undefined;
  const stepsPerEpoch = order?.stepsPerEpoch ?? Math.ceil(studies.length / batchSize);
  const memory = new ImageMemory(batchSize * image.channels * image.crop ** 2 * Float32Array.BYTES_PER_ELEMENT);

  async function batch(indices: readonly number[], epoch: number): Promise<StudyBatch> {
    const inWorkers = threads !== undefined && tokenizerModule !== undefined;
    const items = indices.map((study) => {
      const { image: file, findings, impression } = studies[study]!;
      const tokens = inWorkers ? known[study] : tokensOf(study);
      return { study, image: file, slot: study, ...(tokens ? { tokens } : { texts: { findings, impression } }) };
    });
    const { arrays, tokens } = await make({ epoch, items, buffer: threads ? memory.shared() : memory.own() });
    tokens.forEach((some, i) => {
      if (some) known[indices[i]!] = some;
    });
    return { arrays, studies: indices };
  }

  return {
    studies,
    stepsPerEpoch,
    async *batches({ epoch = 0, startStep = 0 } = {}) {
      const all = order?.epoch(epoch) ?? Int32Array.from(studies.keys());
      const waiting: Promise<StudyBatch>[] = [];
      const enqueue = (step: number) => {
        if (step >= stepsPerEpoch) return;
        const made = batch([...all.subarray(step * batchSize, (step + 1) * batchSize)], epoch);
        // Whoever takes the batch sees its error; one that nobody takes must not end the process.
        made.catch(() => undefined);
        waiting.push(made);
      };
      // Without workers nothing is made ahead: it would only delay the first batch.
      const first = threads ? Math.max(ahead, workers) : 1;
      try {
        for (let step = startStep; step < startStep + first; step++) enqueue(step);
        for (let step = startStep; step < stepsPerEpoch; step++) {
          const made = await waiting.shift()!;
          const arrays = memory.take(made.arrays);
          if (threads) enqueue(step + first);
          yield { ...made, arrays };
          // Only now, when the batch may have been given back: its memory serves for this one.
          if (!threads) enqueue(step + first);
        }
      } finally {
        // Whoever leaves an epoch early takes none of these.
        for (const left of waiting)
          left.then(
            ({ arrays }) => memory.release(arrays),
            () => undefined,
          );
      }
    },
    *texts(size) {
      for (let start = 0; start < studies.length; start += size) {
        const indices = Array.from({ length: Math.min(size, studies.length - start) }, (_, i) => start + i);
        const [findings, impressions] = [indices.map((i) => tokensOf(i).findings), indices.map((i) => tokensOf(i).impression)];
        yield { arrays: collateTexts(findings, impressions, tokenizer.special.pad), studies: indices };
      }
    },
    recycle: ({ arrays }) => memory.recycle(arrays),
    async close() {
      here.close();
      await threads?.close();
    },
  };
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
