// In which order studies are seen: pure functions of seed and epoch, so that any process can say what any batch of any epoch holds.
import { DataError } from '../errors.ts';
import { rangeOf } from '../image/image-bytes.ts';
import type { Study } from '../study.ts';
import type { Passes } from './lanes.ts';
import { dealShards, lanesOf } from './lanes.ts';
import { randomUnit, shuffle } from './random.ts';

/**
 * How an epoch's order is drawn. `shuffle`: every study once. `weight`: with replacement, in proportion to a weight for each study.
 * `length`: every study once, batches of studies with texts of like length (cut from windows of `window` shuffled batches, 32 by
 * default), in random order. `shard`: each pass has shards of its own, in random order, their studies through a buffer of `buffer` (1,000 by
 * default) from which one is drawn at random, so that a set that is streamed is read from front to back.
 */
export type Sampling =
  | { readonly by: 'shuffle' }
  | { readonly by: 'weight'; readonly weights: ArrayLike<number> }
  | { readonly by: 'length'; readonly window?: number }
  | { readonly by: 'shard'; readonly buffer?: number };

/** What an order depends on. Each step has `passes` passes, which `ranks` processes share; this one is number `rank`. */
export interface OrderOptions extends Passes {
  readonly studies: readonly Study[];
  readonly sampling: Sampling;
  readonly seed: number;
}

/** Orders of training epochs. */
export interface TrainingOrder {
  readonly stepsPerEpoch: number;
  /** Indices of this rank's studies, batch after batch: step by step, in each its passes' one after another. */
  epoch(epoch: number): Int32Array;
}

const identity = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/**
 * Makes the orders. The studies of a pass of a step depend on no number of ranks. Throws a DataError for ranks that cannot share the passes
 * evenly, fewer studies than one step has, weights that are none, or shards where the studies are in none.
 */
export function trainingOrder(options: OrderOptions): TrainingOrder {
  const { studies, sampling, passes, passSize, seed, rank, ranks } = options;
  if (!Number.isInteger(passes / ranks) || !(rank >= 0 && rank < ranks))
    throw new DataError(`rank ${rank} of ${ranks} cannot share the ${passes} passes of a step evenly; use a number of ranks that divides them`);
  const whole = passes * passSize;
  const stepsPerEpoch = Math.floor(studies.length / whole);
  if (!(stepsPerEpoch >= 1)) throw new DataError(`${studies.length} studies are fewer than one step of ${whole}; use smaller or fewer passes`);
  const lanes = lanesOf(options);
  const studiesOf = sampling.by === 'shard' ? shardedLanes(options, sampling.buffer ?? 1000) : dealtLanes(options);
  return {
    stepsPerEpoch,
    epoch(epoch) {
      const own = new Int32Array(stepsPerEpoch * lanes.length * passSize);
      const lane = studiesOf(seed, epoch);
      lanes.forEach((number, i) => {
        const numbers = lane(number);
        for (let step = 0; step < stepsPerEpoch; step++)
          own.set(numbers.subarray(step * passSize, (step + 1) * passSize), (step * lanes.length + i) * passSize);
      });
      return own;
    },
  };
}

/** An epoch's studies by lane, step after step. */
type Lanes = (seed: number, epoch: number) => (lane: number) => Int32Array;

/** A step's studies are dealt out pass by pass: all lanes together see what one pass as large would see. */
function dealtLanes(options: OrderOptions): Lanes {
  const { studies, passes, passSize } = options;
  const stepsPerEpoch = Math.floor(studies.length / (passes * passSize));
  const draw = drawOf(options);
  return (seed, epoch) => {
    const all = draw(seed, epoch);
    return (lane) =>
      Int32Array.from({ length: stepsPerEpoch * passSize }, (_, i) => all[(Math.floor(i / passSize) * passes + lane) * passSize + (i % passSize)]!);
  };
}

function drawOf({ studies, sampling, passes, passSize }: OrderOptions): (seed: number, epoch: number) => Int32Array {
  const n = studies.length;
  if (sampling.by === 'weight') return weighted(sampling.weights, n);
  if (sampling.by !== 'length') return (seed, epoch) => shuffle(identity(n), seed, epoch);
  const lengths = studies.map(({ findings, impression }) => findings.length + impression.length);
  return (seed, epoch) => bucketed(shuffle(identity(n), seed, epoch), lengths, passes * passSize, sampling.window ?? 32, seed, epoch);
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

/** Every lane reads its own shards, in an order and through a buffer that each epoch draws anew; what is over at its end is left out. */
function shardedLanes({ studies, passes }: OrderOptions, buffer: number): Lanes {
  const shards = new Map<string, number[]>();
  studies.forEach(({ image }, i) => {
    const shard = rangeOf(image)?.source;
    if (shard === undefined) throw new DataError(`${image}: is in no shard; pack the set, or sample by shuffle`);
    const known = shards.get(shard);
    if (known) known.push(i);
    else shards.set(shard, [i]);
  });
  const dealt = dealShards(
    [...shards.keys()].toSorted().map((name) => shards.get(name)!),
    passes,
  );
  return (seed, epoch) => (lane) => {
    const pieces = dealt[lane]!;
    const stream = [...shuffle(identity(pieces.length), seed, epoch, 6)].flatMap((i) => pieces[i]!);
    return buffered(stream, buffer, seed, epoch);
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
