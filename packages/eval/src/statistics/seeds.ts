// Differences of two variants of training over several seeds: intervals over studies alone, and over seeds and studies.
import { HybridmedError, keyData, uniformAt } from '@hybridmed/tensor';
import { checkPaired } from '../errors.ts';
import type { Interval, Resampled } from './bootstrap.ts';
import { percentileInterval } from './bootstrap.ts';
import { mean } from './mean.ts';

/** A mean over seeds, of a difference or of a figure, with its intervals. */
export interface SeedDifference {
  /** Over resampled studies, the seeds as they are: what other studies of the same kind would say of these very runs. */
  readonly overStudies: Interval;
  /** Over resampled seeds and, within them, studies: what other runs would say. NaN ends for fewer than two seeds. */
  readonly overSeeds: Interval;
  /** The difference, or figure, of each seed. */
  readonly bySeed: readonly number[];
}

/**
 * Mean over seeds of a - b, where entry s of both lists is a statistic of seed s and of the same resamples of the same studies (see
 * `resample`). Seeds are resampled on top of studies [a two-level bootstrap, Davison and Hinkley 1997]; with few seeds the interval over
 * them is wide and rough. Throws for lists of different length, no seeds, or resamples that do not pair.
 */
export function seedDifference(
  a: readonly Resampled[],
  b: readonly Resampled[],
  { seed = 0, level = 0.95 }: { seed?: number; level?: number } = {},
): SeedDifference {
  checkPaired('seedDifference', a, b, ['seeds of the first variant', 'of the second']);
  const differences = a.map((own, s): Resampled => {
    const other = b[s]!;
    if (own.drawn.length !== other.drawn.length) throw new HybridmedError('seedDifference: the numbers of resamples differ; resample alike');
    return { value: own.value - other.value, drawn: own.drawn.map((value, sample) => value - other.drawn[sample]!) };
  });
  return seedMean(differences, { seed, level });
}

/**
 * Mean over seeds of a statistic, each seed's of the same resamples of the same studies (see `resample`), with its intervals: as
 * `seedDifference` has them. Throws for no seeds, or resamples of different numbers.
 */
export function seedMean(ofSeeds: readonly Resampled[], { seed = 0, level = 0.95 }: { seed?: number; level?: number } = {}): SeedDifference {
  if (ofSeeds.length === 0) throw new HybridmedError('seedMean: no seeds; give at least one');
  const samples = ofSeeds[0]!.drawn.length;
  if (ofSeeds.some(({ drawn }) => drawn.length !== samples)) throw new HybridmedError('seedMean: the numbers of resamples differ; resample alike');
  const bySeed = ofSeeds.map(({ value: own }) => own);
  const value = mean(bySeed);
  const over = (seedOf: (sample: number, place: number) => number) =>
    Float64Array.from({ length: samples }, (_, sample) => {
      let sum = 0;
      for (let place = 0; place < ofSeeds.length; place++) sum += ofSeeds[seedOf(sample, place)]!.drawn[sample]!;
      return sum / ofSeeds.length;
    });
  const drawSeed = (sample: number, place: number): number => {
    const [first, second] = keyData(seed, sample).data as Int32Array;
    return Math.floor(uniformAt([first!, second!], 1, place) * ofSeeds.length);
  };
  return {
    overStudies: percentileInterval(
      value,
      over((_sample, place) => place),
      level,
    ),
    overSeeds: ofSeeds.length < 2 ? { value, low: Number.NaN, high: Number.NaN } : percentileInterval(value, over(drawSeed), level),
    bySeed,
  };
}
