import type { Resampled } from '@hybridmed/eval';
import { bootstrap, percentileInterval, resample, seedDifference, seedMean } from '@hybridmed/eval';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

const means = (values: readonly number[], samples: number): Resampled =>
  resample(values.length, (indices) => [indices.reduce((sum, i) => sum + values[i]!, 0) / indices.length], { samples })[0]!;

test('resamples make the interval that bootstrap gives', () => {
  const values = Array.from({ length: 30 }, numbers(2));
  const { value, drawn } = means(values, 500);
  expect(percentileInterval(value, drawn)).toEqual(bootstrap(30, (indices) => indices.reduce((sum, i) => sum + values[i]!, 0) / 30, { samples: 500 }));
});

test('a worked case: two seeds, two resamples', () => {
  const of = (value: number, ...drawn: number[]): Resampled => ({ value, drawn: Float64Array.from(drawn) });
  const { overStudies, overSeeds, bySeed } = seedDifference([of(3, 3, 5), of(5, 4, 6)], [of(1, 1, 1), of(1, 2, 0)]);
  expect(bySeed).toEqual([2, 4]);
  expect(overStudies.value).toBe(3);
  // Mean differences of the two resamples: (2 + 2) / 2 and (4 + 6) / 2.
  expect(overStudies.low).toBeCloseTo(2 + 3 * 0.025);
  expect(overStudies.high).toBeCloseTo(5 - 3 * 0.025);
  expect(overSeeds.low).toBeGreaterThanOrEqual(2);
  expect(overSeeds.high).toBeLessThanOrEqual(6);
});

test('one seed says nothing of other seeds', () => {
  const one = means([1, 2, 3], 50);
  const { overStudies, overSeeds } = seedDifference([one], [one]);
  expect([overStudies.low, overStudies.high]).toEqual([0, 0]);
  expect(overSeeds.low).toBeNaN();
  expect(() => seedDifference([one], [])).toThrow('1 seeds of the first variant');
  expect(() => seedDifference([one], [means([1, 2, 3], 40)])).toThrow('resample alike');
});

test('where seeds differ, the interval over seeds covers the true difference and the one over studies does not', () => {
  const random = numbers(5);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [seeds, studies, trials] = [8, 80, 120];
  let [narrow, wide] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    // The true difference is 0: every seed moves both variants of training by a luck of its own.
    const way = () => Array.from({ length: seeds }, () => [normal(), Array.from({ length: studies }, normal)] as const);
    const runs = (some: ReturnType<typeof way>) =>
      some.map(([luck, noise]) =>
        means(
          noise.map((value) => value + luck),
          200,
        ),
      );
    const { overStudies, overSeeds } = seedDifference(runs(way()), runs(way()), { seed: trial });
    if (overStudies.low <= 0 && 0 <= overStudies.high) narrow++;
    if (overSeeds.low <= 0 && 0 <= overSeeds.high) wide++;
  }
  // With eight seeds a percentile interval covers somewhat less than it says: about 0.9 of 0.95.
  expect(wide / trials).toBeGreaterThan(0.8);
  expect(narrow / trials).toBeLessThan(0.6);
});

test('a mean over seeds has the intervals of its difference to nothing', () => {
  const of = (value: number, ...drawn: number[]): Resampled => ({ value, drawn: Float64Array.from(drawn) });
  const own = [of(3, 3, 5), of(5, 4, 6)];
  expect(seedMean(own)).toEqual(seedDifference(own, [of(0, 0, 0), of(0, 0, 0)]));
  expect(() => seedMean([])).toThrow('seedMean: no seeds');
  expect(() => seedMean([of(1, 1), of(1, 1, 2)])).toThrow('the numbers of resamples differ');
});
