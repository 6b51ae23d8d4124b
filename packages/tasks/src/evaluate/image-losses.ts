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
  /** Batches whose losses are wanted, from the first up to the one after the last: all. The others of their blocks are encoded too. */
  readonly own?: readonly [first: number, end: number];
}

/** Losses in nats of the wanted studies, in the loader's order. */
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
  /** Whether its losses are wanted. */
  readonly isOwn: boolean;
}

/** Images of one patient (of one report, where patients are unknown) must not stand in for each other. */
const keyOf = ({ patient, report }: Study): string => patient ?? report;

/** Whether studies can be shuffled so that none meets its own key. */
function canMismatch(keys: readonly string[]): boolean {
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  return keys.length > 1 && 2 * Math.max(...sizes.values()) <= keys.length;
}

/** Losses of a block's wanted batches when each study gets the memory of `order`'s entry for it. */
async function lossesInOrder(decoder: ImageDecoder, batches: readonly Batch[], all: HostArray, order: Int32Array): Promise<number[]> {
  const nats: number[] = [];
  let from = 0;
  for (const { targets, size, isOwn } of batches) {
    if (isOwn) nats.push(...(await decoder.losses(takeRows(all, order.subarray(from, from + size)), targets)).nats.data);
    from += size;
  }
  return nats;
}

/** How a loader's studies are shuffled. */
interface Shuffles {
  /** Ends of the blocks in batches, the last beyond all of them; among the studies of each images are shuffled. */
  readonly ends: readonly number[];
  /** Whether every block can be shuffled so that no patient meets an image of its own. */
  readonly possible: boolean;
}

/** Blocks of batches of `size` studies whose memories have so many bytes: of like size, and such that they fit. */
function shufflesOf(
  keys: readonly string[],
  size: number,
  bytes: number,
  { draws, mostBytes }: { readonly draws: number; readonly mostBytes: number },
): Shuffles {
  const batches = Math.ceil(keys.length / size);
  const most = Math.max(fewestBatches, Math.floor(mostBytes / bytes));
  const perBlock = Math.ceil(batches / Math.ceil(batches / most));
  const ends: number[] = [];
  for (let end = perBlock; keys.length - end * size >= fewestBatches * size; end += perBlock) ends.push(end);
  ends.push(batches);
  const blocks = ends.map((end, block) => keys.slice((ends[block - 1] ?? 0) * size, end * size));
  return { ends, possible: draws > 0 && canMismatch(keys) && blocks.every(canMismatch) };
}

/**
 * Losses of a loader's studies. Shuffles are drawn within blocks of studies in the loader's order, all of them where their memories
 * fit into `mostBytes`; the same studies in the same order give the same shuffles, whichever of them are wanted.
 */
export async function imageLosses(
  decoder: ImageDecoder,
  loader: Loader,
  { sentences, draws = 10, mostBytes = 256 * 2 ** 20, own: [first, end] = [0, Infinity] }: ImageLossOptions,
): Promise<ImageLosses> {
  const keys = loader.studies.map(keyOf);
  const own: { nats: number[]; tokens: number[] } = { nats: [], tokens: [] };
  const mismatched: number[][] = Array.from({ length: draws }, () => []);
  const likelihoods: number[] = [];
  const plan = (memory: HostArray): Shuffles => shufflesOf(keys, memory.shape[0]!, 4 * sizeOf(memory.shape), { draws, mostBytes });

  const addOwn = async (memory: HostArray, targets: Targets): Promise<void> => {
    const losses = await decoder.losses(memory, targets);
    likelihoods.push(...(await decoder.logLikelihoods(memory, sentences)).data);
    own.nats.push(...losses.nats.data);
    own.tokens.push(...losses.tokens.data);
  };
  const addShuffles = async (batches: readonly Batch[], from: number, seed: number): Promise<void> => {
    const size = batches.reduce((sum, batch) => sum + batch.size, 0);
    const all = concatRows(batches.map(({ memory }) => memory));
    const orders = mismatchedOrders(size, { draws, seed, keys: keys.slice(from, from + size) });
    for (const [draw, order] of orders.entries()) mismatched[draw]!.push(...(await lossesInOrder(decoder, batches, all, order)));
  };

  // The very first batch says how large memories are, and so where blocks begin.
  let shuffles = first > 0 && first < end ? plan(await firstMemory(decoder, loader)) : undefined;
  const start = shuffles?.possible ? ([0, ...shuffles.ends].findLast((begin) => begin <= first) ?? 0) : first;
  let [block, at, studies]: [Batch[], number, number] = [[], start, 0];
  if (first < end)
    for await (const { arrays } of loader.batches({ startStep: start })) {
      const memory = await decoder.memory(arrays.image);
      const size = memory.shape[0]!;
      if (at === start) [shuffles, studies] = [shuffles ?? plan(memory), start * size];
      const targets = { input: arrays.input, target: arrays.target, target_mask: arrays.target_mask };
      const isOwn = at >= first && at < end;
      if (isOwn) await addOwn(memory, targets);
      at++;
      const { ends, possible } = shuffles!;
      if (possible) block.push({ memory, targets, size, isOwn });
      if (possible && ends.includes(at)) {
        await addShuffles(block, studies, ends.indexOf(at));
        studies += block.reduce((sum, batch) => sum + batch.size, 0);
        block = [];
      }
      if (at >= end && block.length === 0) break;
    }
  const count = own.nats.length;
  return { own, mismatched: shuffles?.possible ? mismatched : [], sentences: { data: Float64Array.from(likelihoods), shape: [count, sentences.length] } };
}

/** What the decoder reads of the first batch's images. */
async function firstMemory(decoder: ImageDecoder, loader: Loader): Promise<HostArray> {
  for await (const { arrays } of loader.batches()) return decoder.memory(arrays.image);
  throw new RangeError('there are no studies');
}
