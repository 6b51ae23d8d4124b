// Differences of two variants of training over several seeds: intervals over studies alone, and over seeds and studies.
import { HybridmedError, keyData, uniformAt } from '@hybridmed/tensor';
import { checkPaired } from '../errors.ts';
import type { Interval, Resampled } from './bootstrap.ts';
import { percentileInterval } from './bootstrap.ts';
import { mean } from './mean.ts';

/** A mean difference over seeds with its intervals. */
export interface SeedDifference {
  /** Over resampled studies, the seeds as they are: what other studies of the same kind would say of these very runs. */
  readonly overStudies: Interval;
  /** Over resampled seeds and, within them, studies: what other runs would say. NaN ends for fewer than two seeds. */
  readonly overSeeds: Interval;
  /** The difference of each seed. */
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
  const samples = a[0]!.drawn.length;
  if ([...a, ...b].some(({ drawn }) => drawn.length !== samples)) throw new HybridmedError('seedDifference: the numbers of resamples differ; resample alike');
  const bySeed = a.map((own, s) => own.value - b[s]!.value);
  const value = mean(bySeed);
  const over = (seedOf: (sample: number, place: number) => number) =>
    Float64Array.from({ length: samples }, (_, sample) => {
      let sum = 0;
      for (let place = 0; place < a.length; place++) {
        const s = seedOf(sample, place);
        sum += a[s]!.drawn[sample]! - b[s]!.drawn[sample]!;
      }
      return sum / a.length;
    });
  const drawSeed = (sample: number, place: number): number => {
    const [first, second] = keyData(seed, sample).data as Int32Array;
    return Math.floor(uniformAt([first!, second!], 1, place) * a.length);
  };
  return {
    overStudies: percentileInterval(
      value,
      over((_sample, place) => place),
      level,
    ),
    overSeeds: a.length < 2 ? { value, low: Number.NaN, high: Number.NaN } : percentileInterval(value, over(drawSeed), level),
    bySeed,
  };
}
