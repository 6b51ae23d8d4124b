import { auc, bootstrap, bootstrapMean, pairedDifference } from '@hybridmed/eval';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

test('intervals cover the true mean at about their rate', () => {
  const random = numbers(11);
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const { low, high } = bootstrapMean(Array.from({ length: 60 }, random), { samples: 300, seed: trial, level: 0.9 });
    if (low <= 0.5 && 0.5 <= high) covered++;
  }
  // Four standard errors of 200 trials around 0.9 are 0.085.
  expect(covered / 200).toBeGreaterThan(0.815);
  expect(covered / 200).toBeLessThan(0.985);
});

test('their width is that of the normal approximation', () => {
  const random = numbers(3);
  const values = Array.from({ length: 400 }, random);
  const { value, low, high } = bootstrapMean(values, { samples: 4000 });
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - value) ** 2, 0) / values.length);
  const width = (2 * 1.96 * deviation) / Math.sqrt(values.length);
  expect((high - low) / width).toBeGreaterThan(0.93);
  expect((high - low) / width).toBeLessThan(1.07);
});

test('the same seed gives the same interval, another seed other resamples', () => {
  const draws = (seed: number) => {
    const seen: string[] = [];
    bootstrap(8, (indices) => seen.push(indices.toSorted().join()), { samples: 20, seed });
    return seen.slice(1);
  };
  expect(bootstrapMean([1, 2, 3], { seed: 4 })).toEqual(bootstrapMean([1, 2, 3], { seed: 4 }));
  expect(draws(1)).toEqual(draws(1));
  // Not even the multisets of studies are those of another seed.
  expect(draws(0).filter((resample) => draws(1).includes(resample)).length).toBeLessThan(3);
});

test('every study is drawn, equally often', () => {
  const counts = new Int32Array(5);
  bootstrap(
    5,
    (indices) => {
      for (const i of indices) counts[i]!++;
      return 0;
    },
    { samples: 4000 },
  );
  // 20,000 draws: four standard deviations around 4,000 are 226.
  for (const count of counts) expect(Math.abs(count - 4001)).toBeLessThan(226);
});

test('paired differences see what unpaired intervals cannot', () => {
  const random = numbers(5);
  const a = Array.from({ length: 100 }, () => 10 * random());
  const b = a.map((value) => value - 0.1 - 0.05 * random());
  const { low, value, high } = pairedDifference(a, b);
  expect(low).toBeGreaterThan(0.1);
  expect(value).toBeCloseTo(0.125, 1);
  expect(high).toBeLessThan(0.15);
  expect(bootstrapMean(a).low).toBeLessThan(bootstrapMean(b).high);
});

test('resamples without a class are left out; without any, the interval is NaN', () => {
  const [labels, scores] = [
    [1, 0, 0],
    [0.9, 0.1, 0.95],
  ];
  const statistic = (indices: Int32Array) =>
    auc(
      Array.from(indices, (i) => labels[i]!),
      Array.from(indices, (i) => scores[i]!),
    );
  expect(bootstrap(3, statistic)).toEqual({ value: 0.5, low: 0, high: 1 });
  expect(bootstrap(3, () => Number.NaN)).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN });
  expect(bootstrapMean([2])).toEqual({ value: 2, low: 2, high: 2 });
});

test('bad input is refused in one line', () => {
  expect(() => bootstrap(0, () => 0)).toThrow('bootstrap: no studies; give at least one');
  expect(() => bootstrapMean([1, Number.NaN])).toThrow('bootstrapMean: score 1 is not a number');
  expect(() => bootstrapMean([1], { samples: 0 })).toThrow('bootstrap: samples is 0; give at least 1');
  expect(() => bootstrapMean([1], { level: 95 })).toThrow('bootstrap: level is 95; give a fraction between 0 and 1');
  expect(() => pairedDifference([1], [1, 2])).toThrow('pairedDifference: 1 values of the first system but 2 of the second; give one for each');
});
