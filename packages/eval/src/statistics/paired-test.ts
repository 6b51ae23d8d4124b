// Whether two systems differ on the same studies: a permutation test of the paired differences, beside their bootstrap interval.
import { HybridmedError, keyData, uniformAt } from '@hybridmed/tensor';
import { checkPaired, checkPlaces, checkScores } from '../errors.ts';
import type { BootstrapOptions, Interval } from './bootstrap.ts';
import { pairedDifference } from './bootstrap.ts';

/** A mean paired difference. */
export interface PairedTest {
  readonly studies: number;
  /** Mean of a - b, and its bootstrap interval over studies. */
  readonly difference: Interval;
  /** Probability of a mean difference at least so far from 0 (on the asked side) if the two were interchangeable. */
  readonly p: number;
  /** Permutations that `p` counts: all 2^n of them for few studies. */
  readonly permutations: number;
}

/** Options of the bootstrap; number of permutations drawn (10,000); and what is asked: whether a and b differ, a is less, or a is greater. */
export interface PairedTestOptions extends BootstrapOptions {
  readonly permutations?: number;
  readonly alternative?: 'different' | 'less' | 'greater';
}

/** Whether entry i keeps its sign in a permutation. */
type Keeps = (permutation: number, entry: number) => boolean;

/** Signs drawn by chance, reproducibly. */
function drawnSigns(seed: number): Keeps {
  let [last, first, second] = [-1, 0, 0];
  return (permutation, entry) => {
    if (permutation !== last) {
      [first, second] = Array.from(keyData(seed, permutation).data as Int32Array) as [number, number];
      last = permutation;
    }
    return uniformAt([first, second], 2, entry) < 0.5;
  };
}

const everySign: Keeps = (permutation, entry) => ((permutation >>> entry) & 1) === 0;

/**
 * Tests whether the mean of a differs from that of b, a number per study each (losses of two models, say), by exchanging the two of any
 * study at random [the sign-flip permutation test, Fisher 1935]: exact over all 2^n exchanges where those are no more than
 * `permutations`, else over drawn ones, where p is (1 + as extreme ones) / (1 + drawn ones) and never 0. The interval is
 * `pairedDifference`'s. Throws for lists of different length, values that are not finite, or options out of range.
 */
export function pairedTest(
  a: readonly number[],
  b: readonly number[],
  { permutations = 10_000, alternative = 'different', ...options }: PairedTestOptions = {},
): PairedTest {
  checkPaired('pairedTest', a, b, ['values of the first system', 'of the second']);
  for (const values of [a, b]) checkScores('pairedTest', values);
  const bad = [...a, ...b].find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new HybridmedError(`pairedTest: a value is ${bad}; give finite numbers`);
  checkPlaces('pairedTest', permutations, 'permutations');
  const differences = a.map((value, i) => value - b[i]!);
  const studies = differences.length;
  const exact = studies <= 30 && 2 ** studies <= permutations;
  const count = exact ? 2 ** studies : permutations;
  const keeps = exact ? everySign : drawnSigns(options.seed ?? 0);
  // The same numbers summed in another order must not count as less extreme.
  const margin = 1e-12 * differences.reduce((sum, value) => sum + Math.abs(value), 0);
  const sided = (sum: number): number => (alternative === 'different' ? Math.abs(sum) : alternative === 'less' ? -sum : sum);
  const observed = sided(differences.reduce((sum, value) => sum + value, 0)) - margin;
  let extreme = 0;
  for (let permutation = 0; permutation < count; permutation++) {
    let sum = 0;
    for (let i = 0; i < studies; i++) sum += keeps(permutation, i) ? differences[i]! : -differences[i]!;
    if (sided(sum) >= observed) extreme++;
  }
  return { studies, difference: pairedDifference(a, b, options), p: exact ? extreme / count : (1 + extreme) / (1 + count), permutations: count };
}
