// Losses of the image branch, study by study: with each study's own image, with other studies' images over several shuffles, and of sentences
// that are no study's own. Each image is encoded once.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { mismatchedOrders } from '@hybridmed/eval/generation';
import { concatRows, takeRows } from '@hybridmed/model/host-arrays';
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { ImageDecoder, Targets } from './image-decoder.ts';
import type { StudyLosses } from './study-losses.ts';

/** What is asked beside the studies' own losses. */
export interface ImageLossOptions {
  /** Sentences whose likelihood is wanted. */
  readonly sentences: readonly string[];
  /** Number of shuffles: 10; 0 for none. */
  readonly draws?: number;
  /** Bytes of memories that are held at once, among whose studies images are shuffled: 256 MiB. */
  readonly mostBytes?: number;
}

/** Losses in nats, in the loader's order. */
export interface ImageLosses {
  readonly own: StudyLosses;
  /** By shuffle and study: with another patient's image. Empty where a patient has more than half of some studies. */
  readonly mismatched: readonly (readonly number[])[];
  /** Log-likelihood of each sentence, (studies, sentences). */
  readonly sentences: Vectors;
}

// A block must be large enough for its shuffles to be many.
const fewestBatches = 4;

interface Batch {
  readonly memory: HostArray;
  readonly targets: Targets;
  readonly size: number;
}

/** Images of one patient (of one report, where patients are unknown) must not stand in for each other. */
const keyOf = ({ patient, report }: Study): string => patient ?? report;

/** Whether studies can be shuffled so that none meets its own key. */
function canMismatch(keys: readonly string[]): boolean {
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  return keys.length > 1 && 2 * Math.max(...sizes.values()) <= keys.length;
}

/** Losses of a block's batches when each study gets the memory of `order`'s entry for it. */
async function lossesInOrder(decoder: ImageDecoder, batches: readonly Batch[], all: HostArray, order: Int32Array): Promise<number[]> {
  const nats: number[] = [];
  for (const { targets, size } of batches) {
    const rows = order.subarray(nats.length, nats.length + size);
    nats.push(...(await decoder.losses(takeRows(all, rows), targets)).nats.data);
  }
  return nats;
}

/**
 * Losses of a loader's studies. Shuffles are drawn within blocks of studies in the loader's order, all of them where their memories
 * fit into `mostBytes`; the same studies in the same order give the same shuffles.
 */
export async function imageLosses(
  decoder: ImageDecoder,
  loader: Loader,
  { sentences, draws = 10, mostBytes = 256 * 2 ** 20 }: ImageLossOptions,
): Promise<ImageLosses> {
  const count = loader.studies.length;
  const keys = loader.studies.map(keyOf);
  const own: { nats: number[]; tokens: number[] } = { nats: [], tokens: [] };
  const mismatched: number[][] = Array.from({ length: draws }, () => []);
  const likelihoods = new Float64Array(count * sentences.length);
  let shuffles = draws > 0 && canMismatch(keys);

  const addBlock = async (batches: readonly Batch[], seed: number): Promise<void> => {
    const [end, start] = [own.nats.length, own.nats.length - batches.reduce((sum, { size }) => sum + size, 0)];
    const blockKeys = keys.slice(start, end);
    shuffles &&= canMismatch(blockKeys);
    if (!shuffles) return;
    const all = concatRows(batches.map(({ memory }) => memory));
    const orders = mismatchedOrders(end - start, { draws, seed, keys: blockKeys });
    for (const [draw, order] of orders.entries()) mismatched[draw]!.push(...(await lossesInOrder(decoder, batches, all, order)));
  };

  let [block, seed, perBlock]: [Batch[], number, number] = [[], 0, Infinity];
  for await (const { arrays } of loader.batches()) {
    const memory = await decoder.memory(arrays.image);
    const size = memory.shape[0]!;
    const targets = { input: arrays.input, target: arrays.target, target_mask: arrays.target_mask };
    const losses = await decoder.losses(memory, targets);
    likelihoods.set((await decoder.logLikelihoods(memory, sentences)).data, own.nats.length * sentences.length);
    own.nats.push(...losses.nats.data);
    own.tokens.push(...losses.tokens.data);
    block.push({ memory, targets, size });
    if (perBlock === Infinity) perBlock = batchesPerBlock(Math.ceil(count / size), 4 * sizeOf(memory.shape), mostBytes);
    if (block.length >= perBlock && count - own.nats.length >= fewestBatches * size) {
      await addBlock(block, seed++);
      block = [];
    }
  }
  await addBlock(block, seed);
  return { own, mismatched: shuffles ? mismatched : [], sentences: { data: likelihoods, shape: [count, sentences.length] } };
}

/** Batches of a block, so that blocks are of like size and fit. */
function batchesPerBlock(batches: number, bytes: number, mostBytes: number): number {
  const most = Math.max(fewestBatches, Math.floor(mostBytes / bytes));
  return Math.ceil(batches / Math.ceil(batches / most));
}
