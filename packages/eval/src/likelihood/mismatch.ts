// What the image contributes to the likelihood of a text: the loss with another study's image less that with the own one, over many shuffles.
import { HybridmedError, keyData, uniformAt } from '@hybridmed/tensor';
import { checkPaired, checkPlaces, checkScores } from '../errors.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrapAll } from '../statistics/bootstrap.ts';
import { mean } from '../statistics/mean.ts';

/** Number of shuffles (10), the seed, and what each study must not meet again: its own key, such as the patient; by default itself alone. */
export interface MismatchOptions {
  readonly draws?: number;
  readonly seed?: number;
  readonly keys?: readonly string[];
}

/** Indices in an order that key and draw alone decide [Fisher-Yates]. */
function shuffled(count: number, seed: number, draw: number): number[] {
  const [first, second] = keyData(seed, draw).data as Int32Array;
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniformAt([first!, second!], 3, i) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * For each draw, whose image each of `count` studies gets: a permutation in which none gets one of its own key. Studies of a key stand
 * together in an order drawn by chance, which is turned by at least the largest key's size and at most what remains of it. Throws
 * where a key has more than half of the studies, or there is one study alone.
 */
export function mismatchedOrders(count: number, { draws = 10, seed = 0, keys }: MismatchOptions = {}): Int32Array[] {
  checkPlaces('mismatchedOrders', draws, 'draws');
  if (keys) checkPaired('mismatchedOrders', keys, { length: count }, ['keys', 'studies']);
  const sizes = new Map<string, number>();
  for (const key of keys ?? []) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const largest = Math.max(1, ...sizes.values());
  if (2 * largest > count)
    throw new HybridmedError(`mismatchedOrders: ${largest} of ${count} studies are of one key; every study needs another's image, so give more of others`);
  return Array.from({ length: draws }, (_, draw) => {
    const order = shuffled(count, seed, draw);
    // A map keeps the order in which keys first occur, which is one drawn by chance.
    const groups = new Map<string, number[]>();
    for (const study of order) {
      const key = keys?.[study] ?? String(study);
      const group = groups.get(key);
      if (group) group.push(study);
      else groups.set(key, [study]);
    }
    const ring = [...groups.values()].flat();
    const [first, second] = keyData(seed, draw).data as Int32Array;
    const turn = largest + Math.floor(uniformAt([first!, second!], 4, 0) * (count - 2 * largest + 1));
    const own = new Int32Array(count);
    ring.forEach((study, at) => (own[study] = ring[(at + turn) % count]!));
    return own;
  });
}

/** What the image contributes. */
export interface MismatchGap {
  /** Number of shuffles. */
  readonly draws: number;
  /** Mean over studies of the loss with the wrong image (its mean over the shuffles) less that with the right one, in nats per study. */
  readonly perStudy: Interval;
  /** The same in nats per token: sums over studies over the sum of their tokens. */
  readonly perToken: Interval;
  /** The gap per study of each shuffle alone: how much one shuffle leaves to chance. */
  readonly byDraw: readonly number[];
}

/**
 * The gap between wrong and right images with intervals over studies: `own` are the losses (nats) of the studies, `mismatched` those of
 * each shuffle (`mismatchedOrders`), in the same order, `tokens` the target tokens of each study. Throws for no shuffles, lists of
 * different length, or a loss that is not a number.
 */
export function mismatchGap(
  own: readonly number[],
  mismatched: readonly (readonly number[])[],
  tokens: readonly number[],
  options?: BootstrapOptions,
): MismatchGap {
  if (mismatched.length === 0) throw new HybridmedError('mismatchGap: no shuffles; give the losses of at least one');
  checkPaired('mismatchGap', own, tokens, ['losses', 'numbers of tokens']);
  for (const losses of [own, ...mismatched]) {
    checkPaired('mismatchGap', own, losses, ['losses', 'losses of a shuffle']);
    checkScores('mismatchGap', losses);
  }
  const gaps = own.map((value, i) => mean(mismatched.map((losses) => losses[i]!)) - value);
  const [perStudy, perToken] = bootstrapAll(
    own.length,
    (indices) => {
      let [gap, count] = [0, 0];
      for (const i of indices) [gap, count] = [gap + gaps[i]!, count + tokens[i]!];
      return [gap / indices.length, gap / count];
    },
    options,
  );
  return {
    draws: mismatched.length,
    perStudy: perStudy!,
    perToken: perToken!,
    byDraw: mismatched.map((losses) => mean(losses.map((value, i) => value - own[i]!))),
  };
}
