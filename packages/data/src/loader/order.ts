// In which order studies are seen: pure functions of seed and epoch, so that any process can say what any batch of any epoch holds.
import { DataError } from '../errors.ts';
import { rangeOf } from '../image/image-bytes.ts';
import type { Study } from '../study.ts';
import { randomUnit, shuffle } from './random.ts';

/**
 * How an epoch's order is drawn. `shuffle`: every study once. `weight`: with replacement, in proportion to a weight for each study.
 * `length`: every study once, batches of studies with texts of like length (cut from windows of `window` shuffled batches, 32 by
 * default), in random order. `shard`: shards in random order, their studies through a buffer of `buffer` (1,000 by default) from
 * which one is drawn at random, so that a set that is streamed is read from front to back.
 */
export type Sampling =
  | { readonly by: 'shuffle' }
  | { readonly by: 'weight'; readonly weights: ArrayLike<number> }
  | { readonly by: 'length'; readonly window?: number }
  | { readonly by: 'shard'; readonly buffer?: number };

/** What an order depends on. Without `train` the studies are in order, each once. `ranks` processes share each step; this one is number `rank`. */
export interface OrderOptions {
  readonly train: boolean;
  readonly studies: readonly Study[];
  readonly sampling: Sampling;
  readonly batchSize: number;
  readonly seed: number;
  readonly rank: number;
  readonly ranks: number;
}

/** Puts others in the places of a step's studies. */
export type InStep = (studies: readonly number[]) => readonly number[];

/** Epochs in steps. */
export interface Steps {
  readonly stepsPerEpoch: number;
  /** This rank's studies of a step, once `inStep` has seen those of all ranks that share an order. */
  epoch(epoch: number): (step: number, inStep?: InStep) => readonly number[];
}

/** An order: of all ranks that share it, steps of `size` studies, of which this rank has those from `own` on. */
interface Order {
  readonly stepsPerEpoch: number;
  readonly size: number;
  readonly own: number;
  epoch(epoch: number): Int32Array;
}

const identity = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/** Makes the steps. Throws a DataError for weights that are none, or for shards where the studies are in none. */
export function epochSteps(options: OrderOptions): Steps {
  const { stepsPerEpoch, size, own, epoch } = orderOf(options);
  return {
    stepsPerEpoch,
    epoch(number) {
      const all = epoch(number);
      return (step, inStep = (studies) => studies) => inStep([...all.subarray(step * size, (step + 1) * size)]).slice(own, own + options.batchSize);
    },
  };
}

function orderOf(options: OrderOptions): Order {
  const { studies, train, sampling, batchSize, seed, rank, ranks } = options;
  const n = studies.length;
  if (!train) return { stepsPerEpoch: Math.ceil(n / batchSize), size: batchSize, own: 0, epoch: () => identity(n) };
  if (sampling.by === 'shard') return shardOrder(options, sampling.buffer ?? 1000);
  const size = batchSize * ranks;
  const draw = drawOf(options);
  // A step's studies are dealt out rank by rank: all ranks together see what one process with a batch as large would see.
  return { stepsPerEpoch: Math.floor(n / size), size, own: rank * batchSize, epoch: (epoch) => draw(seed, epoch) };
}

function drawOf({ studies, sampling, batchSize, ranks }: OrderOptions): (seed: number, epoch: number) => Int32Array {
  const n = studies.length;
  if (sampling.by === 'weight') return weighted(sampling.weights, n);
  if (sampling.by !== 'length') return (seed, epoch) => shuffle(identity(n), seed, epoch);
  const lengths = studies.map(({ findings, impression }) => findings.length + impression.length);
  return (seed, epoch) => bucketed(shuffle(identity(n), seed, epoch), lengths, batchSize * ranks, sampling.window ?? 32, seed, epoch);
}

function weighted(weights: ArrayLike<number>, n: number): (seed: number, epoch: number) => Int32Array {
  if (weights.length !== n) throw new DataError(`${weights.length} weights for ${n} studies; give one for each`);
  const sums = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (!(weights[i]! >= 0) || weights[i] === Infinity) throw new DataError(`weight ${i} is ${weights[i]}; give a number of 0 or more`);
    sums[i] = total += weights[i]!;
  }
  if (total === 0) throw new DataError('all weights are 0; give at least one that is not');
  return (seed, epoch) =>
    Int32Array.from({ length: n }, (_, i) => {
      const point = randomUnit(seed, epoch, i, 4) * total;
      let [low, high] = [0, n - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sums[middle]! > point) high = middle;
        else low = middle + 1;
      }
      return low;
    });
}

/** Sorts windows of an order by length, and shuffles the batches that they fall into. Studies over at the end stay there. */
function bucketed(order: Int32Array, lengths: readonly number[], batch: number, window: number, seed: number, epoch: number): Int32Array {
  const count = Math.floor(order.length / batch);
  for (let from = 0; from < count * batch; from += window * batch)
    order.subarray(from, Math.min(from + window * batch, count * batch)).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches = shuffle(identity(count), seed, epoch, 5);
  const out = order.slice();
  batches.forEach((from, to) => out.set(order.subarray(from * batch, (from + 1) * batch), to * batch));
  return out;
}

/** Every rank has the shards whose number it is, modulo the ranks, in all epochs: what it has fetched it can keep. */
function shardOrder({ studies, batchSize, seed, rank, ranks }: OrderOptions, buffer: number): Order {
  const shards = new Map<string, number[]>();
  studies.forEach(({ image }, i) => {
    const shard = rangeOf(image)?.source;
    if (shard === undefined) throw new DataError(`${image}: is in no shard; pack the set, or sample by shuffle`);
    const known = shards.get(shard);
    if (known) known.push(i);
    else shards.set(shard, [i]);
  });
  const dealt = Array.from({ length: ranks }, (_, r) => [...shards.keys()].toSorted().filter((_name, i) => i % ranks === r));
  const counts = dealt.map((names) => names.reduce((sum, name) => sum + shards.get(name)!.length, 0));
  const stepsPerEpoch = Math.floor(Math.min(...counts) / batchSize);
  return {
    stepsPerEpoch,
    // What other ranks have in a step is in their shards.
    size: batchSize,
    own: 0,
    epoch(epoch) {
      const names = dealt[rank]!;
      const stream = [...shuffle(identity(names.length), seed, epoch, 6)].flatMap((i) => shards.get(names[i]!)!);
      return buffered(stream, buffer, seed, epoch).subarray(0, stepsPerEpoch * batchSize);
    },
  };
}

/** A stream through a buffer from which one is drawn at random whenever it is full, and all at the end. */
function buffered(stream: readonly number[], size: number, seed: number, epoch: number): Int32Array {
  const out = new Int32Array(stream.length);
  const pool: number[] = [];
  let at = 0;
  const draw = () => {
    const j = Math.floor(randomUnit(seed, epoch, at, 7) * pool.length);
    out[at++] = pool[j]!;
    pool[j] = pool.at(-1)!;
    pool.pop();
  };
  for (const index of stream) {
    pool.push(index);
    if (pool.length > size) draw();
  }
  while (pool.length > 0) draw();
  return out;
}
