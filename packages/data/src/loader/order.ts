// In which order studies are seen: pure functions of seed and epoch, so that any process can say what any batch of any epoch holds.
import { DataError } from '@hybridmed/images/errors';
import { rangeOf } from '@hybridmed/images/bytes';
import type { Study } from '../study.ts';
import { randomUnit, shuffle } from './random.ts';

/**
 * How an epoch's order is drawn. `shuffle`: every study once. `weight`: for each step anew and without repeat, in proportion to a weight for each.
 * `length`: every study once, batches of studies with texts of like length (cut from windows of `window` shuffled batches, 32 by
 * default), in random order. `shard`: each pass has shards of its own, in random order, their studies through a buffer of `buffer` (1,000 by
 * default) from which one is drawn at random, so that a set that is streamed is read from front to back.
 */
export type Sampling =
  | { readonly by: 'shuffle' }
  | { readonly by: 'weight'; readonly weights: ArrayLike<number> }
  | { readonly by: 'length'; readonly window?: number }
  | { readonly by: 'shard'; readonly buffer?: number };

/** What an order depends on. A step has `passes` passes of `passSize` studies, of which this process takes every `ranks`-th, from number `rank` on. */
export interface OrderOptions {
  readonly studies: readonly Study[];
  readonly sampling: Sampling;
  readonly passes: number;
  readonly passSize: number;
  readonly seed: number;
  readonly rank: number;
  readonly ranks: number;
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
 * evenly, passes of unlike sizes, fewer studies than one step has, weights that are none, or shards where the studies are in none.
 */
export function trainingOrder(options: OrderOptions): TrainingOrder {
  const { studies, sampling, passes, passSize, seed, rank, ranks } = options;
  if (!Number.isInteger(passes / ranks) || !(rank >= 0 && rank < ranks))
    throw new DataError(`rank ${rank} of ${ranks} cannot share the ${passes} passes of a step evenly; use a number of ranks that divides them`);
  const whole = passes * passSize;
  if (!Number.isInteger(passSize)) throw new DataError(`a step of ${whole} studies has no ${passes} equal passes`);
  const stepsPerEpoch = Math.floor(studies.length / whole);
  if (!(stepsPerEpoch >= 1)) throw new DataError(`${studies.length} studies are fewer than one step of ${whole}; use smaller or fewer passes`);
  const draw = sampling.by === 'shard' ? shardDraw(options, sampling.buffer ?? 1000, stepsPerEpoch) : drawOf(options);
  return {
    stepsPerEpoch,
    epoch(epoch) {
      const all = draw(seed, epoch);
      const own = new Int32Array((stepsPerEpoch * whole) / ranks);
      for (let from = rank * passSize, at = 0; at < own.length; from += ranks * passSize, at += passSize) own.set(all.subarray(from, from + passSize), at);
      return own;
    },
  };
}

function drawOf({ studies, sampling, passes, passSize }: OrderOptions): (seed: number, epoch: number) => Int32Array {
  const n = studies.length;
  if (sampling.by === 'weight') return weighted(sampling.weights, n, passes * passSize);
  if (sampling.by !== 'length') return (seed, epoch) => shuffle(identity(n), seed, epoch);
  const lengths = studies.map(({ findings, impression }) => findings.length + impression.length);
  return (seed, epoch) => bucketed(shuffle(identity(n), seed, epoch), lengths, passes * passSize, sampling.window ?? 32, seed, epoch);
}

/** Each step by itself: one study after another in proportion to the weights of those that the step does not have yet. */
function weighted(weights: ArrayLike<number>, n: number, step: number): (seed: number, epoch: number) => Int32Array {
  if (weights.length !== n) throw new DataError(`${weights.length} weights for ${n} studies; give one for each`);
  // Of the studies before each one.
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    if (!(weights[i]! >= 0) || weights[i] === Infinity) throw new DataError(`weight ${i} is ${weights[i]}; give a number of 0 or more`);
    sums[i + 1] = sums[i]! + weights[i]!;
  }
  const some = Array.from(weights).filter((weight) => weight > 0).length;
  if (some < step) throw new DataError(`${some} weights are above 0, fewer than the ${step} studies of a step; give at least so many`);
  return (seed, epoch) => {
    let own: number[] = [];
    return Int32Array.from({ length: n - (n % step) }, (_, i) => {
      if (i % step === 0) own = [];
      let point = randomUnit(seed, epoch, i, 4) * own.reduce((left, study) => left - weights[study]!, sums[n]!);
      for (const study of own) if (point >= sums[study]!) point += weights[study]!;
      let [low, high] = [0, n - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        [low, high] = sums[middle + 1]! > point ? [low, middle] : [middle + 1, high];
      }
      // Rounding may end beside what is left.
      while (own.includes(low) || weights[low] === 0) low = (low + 1) % n;
      own = [...own, low].toSorted((x, y) => x - y);
      return low;
    });
  };
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

/**
 * Each pass reads shards of its own, in an order and through a buffer that each epoch draws anew; what is over at its end is left out.
 * Studies are dealt in the shards' order in equal parts, give or take one, the same in all epochs, so that what was fetched can be kept.
 */
function shardDraw({ studies, passes, passSize }: OrderOptions, buffer: number, steps: number): (seed: number, epoch: number) => Int32Array {
  const shards = studies.map(({ image }) => {
    const shard = rangeOf(image)?.source;
    if (shard === undefined) throw new DataError(`${image}: is in no shard; pack the set, or sample by shuffle`);
    return shard;
  });
  const order = [...studies.keys()].toSorted((a, b) => (shards[a]! < shards[b]! ? -1 : shards[a]! > shards[b]! ? 1 : a - b));
  const startOf = (pass: number): number => Math.floor((pass * order.length) / passes);
  const dealt = Array.from({ length: passes }, (_, pass) => {
    const own = order.slice(startOf(pass), startOf(pass + 1));
    const starts = own.flatMap((study, i) => (i > 0 && shards[study] === shards[own[i - 1]!] ? [] : [i]));
    return starts.map((start, i) => own.slice(start, starts[i + 1]));
  });
  return (seed, epoch) => {
    const all = new Int32Array(steps * passes * passSize);
    dealt.forEach((pieces, pass) => {
      const stream = [...shuffle(identity(pieces.length), seed, epoch, 6)].flatMap((i) => pieces[i]!);
      const drawn = buffered(stream, buffer, seed, epoch);
      for (let step = 0; step < steps; step++) all.set(drawn.subarray(step * passSize, (step + 1) * passSize), (step * passes + pass) * passSize);
    });
    return all;
  };
}

/** A stream through a buffer from which one is drawn at random whenever it is full, and all at the end. */
function buffered(stream: readonly number[], size: number, seed: number, epoch: number): Int32Array {
  const pool = stream.slice(0, size);
  return Int32Array.from(stream, (_, at) => {
    if (at + size < stream.length) pool.push(stream[at + size]!);
    const [j, last] = [Math.floor(randomUnit(seed, epoch, at, 7) * pool.length), pool.length - 1];
    [pool[j], pool[last]] = [pool[last]!, pool[j]!];
    return pool.pop()!;
  });
}
