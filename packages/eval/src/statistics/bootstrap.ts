// Bootstrap confidence intervals over studies [Efron 1979], reproducible from a seed.
import { HybridmedError, keyData, uniformAt } from '@hybridmed/tensor';
import { checkPaired, checkScores } from '../errors.ts';
import { meanAt } from './mean.ts';

/** A statistic with its interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Number of resamples (1000), coverage (0.95) and seed (0). */
export interface BootstrapOptions {
  readonly samples?: number;
  readonly level?: number;
  readonly seed?: number;
}

/** Value at a fraction of sorted numbers, between neighbours linearly. */
function quantile(sorted: readonly number[], fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below]! + (sorted[Math.min(below + 1, sorted.length - 1)]! - sorted[below]!) * (at - below);
}

function checkOptions(count: number, samples: number, level: number): void {
  if (!(count >= 1)) throw new HybridmedError('bootstrap: no studies; give at least one');
  if (!(samples >= 1)) throw new HybridmedError(`bootstrap: samples is ${samples}; give at least 1`);
  if (!(level > 0 && level < 1)) throw new HybridmedError(`bootstrap: level is ${level}; give a fraction between 0 and 1, such as 0.95`);
}

/**
 * Percentile intervals of several statistics of `count` studies from the same resamples: as `bootstrap`, for a `statistics` that
 * returns one number each. Throws as `bootstrap` does.
 */
export function bootstrapAll(
  count: number,
  statistics: (indices: Int32Array) => readonly number[],
  { samples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Interval[] {
  checkOptions(count, samples, level);
  return resample(count, statistics, { samples, seed }).map(({ value, drawn }) => percentileInterval(value, drawn, level));
}

/** A statistic of all studies, and of every resample; NaN where a resample has none. */
export interface Resampled {
  readonly value: number;
  readonly drawn: Float64Array;
}

/**
 * Statistics of `count` studies and of their resamples: what `bootstrap` makes intervals of. The same seed draws the same studies, so
 * that values of several systems can be subtracted or averaged resample by resample. Throws as `bootstrap` does.
 */
export function resample(
  count: number,
  statistics: (indices: Int32Array) => readonly number[],
  { samples = 1000, seed = 0 }: Omit<BootstrapOptions, 'level'> = {},
): Resampled[] {
  checkOptions(count, samples, 0.95);
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  const all = statistics(indices).map((value) => ({ value, drawn: new Float64Array(samples) }));
  for (let sample = 0; sample < samples; sample++) {
    // Through keyData: a plain seed would only exchange neighbouring draws, and every seed would give nearly the same interval.
    const [first, second] = keyData(seed, sample).data as Int32Array;
    for (let i = 0; i < count; i++) indices[i] = Math.floor(uniformAt([first!, second!], 0, i) * count);
    statistics(indices).forEach((value, at) => (all[at]!.drawn[sample] = value));
  }
  return all;
}

/** The interval between the tails of resampled values, those that are not numbers left out; NaN where none remain. */
export function percentileInterval(value: number, drawn: ArrayLike<number>, level = 0.95): Interval {
  const sorted = Array.from(drawn)
    .filter((other) => !Number.isNaN(other))
    .toSorted((a, b) => a - b);
  const tail = (1 - level) / 2;
  return sorted.length === 0 ? { value, low: Number.NaN, high: Number.NaN } : { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/**
 * Percentile interval of a statistic of `count` studies. `statistic` gets the indices of a resample, (count), in an array that is
 * used again; first, for the value itself, all indices in order. The same seed draws the same studies for every statistic, so that
 * a statistic which subtracts two systems gives their paired difference. Resamples where it is not a number (a class is missing)
 * are left out; the interval is NaN where none remain. Throws for no studies, no resamples, or a level outside (0, 1).
 */
export function bootstrap(count: number, statistic: (indices: Int32Array) => number, options?: BootstrapOptions): Interval {
  return bootstrapAll(count, (indices) => [statistic(indices)], options)[0]!;
}

/** Interval of the mean of one number per study. Throws for no studies, or a value that is not a number. */
export function bootstrapMean(values: readonly number[], options?: BootstrapOptions): Interval {
  checkScores('bootstrapMean', values);
  return bootstrap(values.length, (indices) => meanAt(values, indices), options);
}

/** Interval of the mean difference a - b of two systems, a number per study each. Throws for lists of different length. */
export function pairedDifference(a: readonly number[], b: readonly number[], options?: BootstrapOptions): Interval {
  checkPaired('pairedDifference', a, b, ['values of the first system', 'of the second']);
  return bootstrapMean(
    a.map((value, i) => value - b[i]!),
    options,
  );
}
