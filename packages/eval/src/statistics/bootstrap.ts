// Bootstrap confidence intervals over studies [Efron 1979], reproducible from a seed.
import { HybridmedError, uniformAt } from '@hybridmed/tensor';

/** A statistic with its interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Options: number of resamples, coverage and seed. */
export interface BootstrapOptions {
  samples?: number;
  level?: number;
  seed?: number;
}

/** Value at a share of sorted numbers, between neighbours linearly. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below]! + (sorted[Math.min(below + 1, sorted.length - 1)]! - sorted[below]!) * (at - below);
}

/**
 * Percentile interval of a statistic of `count` studies: `statistic` gets the indices of a resample (first, for the value itself,
 * all indices in order). Resamples where it is not a number (a class is missing) are left out. Throws for no studies.
 */
export function bootstrap(count: number, statistic: (indices: Int32Array) => number, { samples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {}): Interval {
  if (count < 1) throw new HybridmedError('bootstrap: no studies; give at least one');
  const value = statistic(Int32Array.from({ length: count }, (_, i) => i));
  const indices = new Int32Array(count);
  const values: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < count; i++) indices[i] = Math.min(count - 1, Math.floor(uniformAt([seed, sample], 0, i) * count));
    const drawn = statistic(indices);
    if (!Number.isNaN(drawn)) values.push(drawn);
  }
  if (values.length === 0) return { value, low: Number.NaN, high: Number.NaN };
  const sorted = values.toSorted((a, b) => a - b);
  const tail = (1 - level) / 2;
  return { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Interval of the mean of one number per study. */
export function bootstrapMean(values: readonly number[], options?: BootstrapOptions): Interval {
  return bootstrap(values.length, (indices) => indices.reduce((sum, i) => sum + values[i]!, 0) / indices.length, options);
}

/** Interval of the mean difference a - b of two systems on the same studies. Throws for lists of different length. */
export function pairedDifference(a: readonly number[], b: readonly number[], options?: BootstrapOptions): Interval {
  if (a.length !== b.length) throw new HybridmedError(`pairedDifference: ${a.length} and ${b.length} values; give the same studies in the same order`);
  return bootstrapMean(a.map((value, i) => value - b[i]!), options);
}
