// The loader: batches of typed arrays, in an order and with crops that depend on seed, epoch and study alone.
import type { Study } from '../study.ts';
import { centreCrop, writeCrop } from '../image/prepare.ts';
import type { BatchArray } from './collate.ts';
import { collateTexts } from './collate.ts';
import { ImageStore } from './image-store.ts';
import { randomBelow, shuffledOrder } from './random.ts';

/** What the loader needs of a tokenizer. */
export interface LoaderTokenizer {
  encode(text: string, maxLength: number): number[];
  readonly special: { readonly pad: number };
}

/** Options of a loader. */
export interface LoaderOptions {
  studies: readonly Study[];
  tokenizer: LoaderTokenizer;
  /** Side images are resized to, side of the crop, and channels. */
  image: { resize: number; crop: number; channels: number };
  /** Greatest numbers of tokens, special ones included. */
  findingsLength?: number;
  impressionLength?: number;
  batchSize: number;
  seed?: number;
  /** Training: shuffled, randomly cropped, a partial last batch dropped. Otherwise in order, centre-cropped, whole. */
  train: boolean;
  /** Threads that decode images ahead of use; 0 decodes on this one. */
  workers?: number;
  /** Batches decoded ahead. */
  ahead?: number;
  /** Bytes of decoded images kept in memory. */
  cacheBytes?: number;
}

/** One batch: arrays by field (image (B, C, H, W) in [-1, 1], findings (B, L), ...) and which studies they are. */
export interface LoadedBatch {
  readonly arrays: Readonly<Record<string, BatchArray>>;
  readonly studies: readonly number[];
}

/** Batches of studies. */
export interface Loader {
  readonly studies: readonly Study[];
  readonly stepsPerEpoch: number;
  /** Batches of an epoch from `startStep` on: the same ones whenever it is asked. */
  batches(options?: { epoch?: number; startStep?: number }): AsyncGenerator<LoadedBatch>;
  /** Batches without images, in order: for what needs only texts. */
  texts(batchSize: number): Generator<LoadedBatch>;
  close(): Promise<void>;
}

/** Makes a loader. A study whose image cannot be read makes `batches` throw a DataError that names the file. */
export function createLoader(options: LoaderOptions): Loader {
  const { studies, tokenizer, image, findingsLength = 128, impressionLength = 80, batchSize, seed = 0, train, workers = 1, ahead = 4 } = options;
  const store = new ImageStore({
    files: studies.map((study) => study.image),
    size: image.resize,
    workers,
    ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }),
  });
  const tokens: { findings: number[]; impression: number[] }[] = [];
  const tokensOf = (index: number) =>
    (tokens[index] ??= {
      findings: tokenizer.encode(studies[index]!.findings, findingsLength),
      impression: tokenizer.encode(studies[index]!.impression, impressionLength),
    });
  const stepsPerEpoch = train ? Math.floor(studies.length / batchSize) : Math.ceil(studies.length / batchSize);
  const texts = (indices: readonly number[]) =>
    collateTexts(
      indices.map((i) => tokensOf(i).findings),
      indices.map((i) => tokensOf(i).impression),
      tokenizer.special.pad,
    );

  async function images(indices: readonly number[], epoch: number): Promise<BatchArray> {
    const { resize, crop, channels } = image;
    const data = new Float32Array(indices.length * channels * crop * crop);
    for (const [row, index] of indices.entries()) {
      const room = resize - crop + 1;
      const offset = train ? { top: randomBelow(room, seed, epoch, index, 2), left: randomBelow(room, seed, epoch, index, 3) } : centreCrop(resize, crop);
      writeCrop(await store.get(index), resize, crop, offset, channels, data, row * channels * crop * crop);
    }
    return { data, shape: [indices.length, channels, crop, crop] };
  }

  return {
    studies,
    stepsPerEpoch,
    async *batches({ epoch = 0, startStep = 0 } = {}) {
      const order = train ? shuffledOrder(studies.length, seed, epoch) : Int32Array.from(studies.keys());
      const indicesAt = (step: number) => [...order.subarray(step * batchSize, (step + 1) * batchSize)];
      for (let step = startStep; step < Math.min(stepsPerEpoch, startStep + ahead); step++) indicesAt(step).forEach((index) => store.prefetch(index));
      for (let step = startStep; step < stepsPerEpoch; step++) {
        if (step + ahead < stepsPerEpoch) indicesAt(step + ahead).forEach((index) => store.prefetch(index));
        const indices = indicesAt(step);
        yield { arrays: { image: await images(indices, epoch), ...texts(indices) }, studies: indices };
      }
    },
    *texts(size) {
      for (let start = 0; start < studies.length; start += size) {
        const indices = Array.from({ length: Math.min(size, studies.length - start) }, (_, i) => start + i);
        yield { arrays: texts(indices), studies: indices };
      }
    },
    close: () => store.close(),
  };
}
