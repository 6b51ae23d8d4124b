import { applyProbe, fitProbe, nestedSubsets, readOnce } from '@hybridmed/eval/protocols';
import { describe, expect, test } from 'vitest';
import { numbers } from './shared.ts';

function example() {
  const random = numbers(7);
  const features = { data: Float32Array.from({ length: 120 }, random), shape: [40, 3] };
  const labels = Array.from({ length: 40 }, (_, i) => (features.data[3 * i]! + 0.5 * features.data[3 * i + 1]! + 0.4 * random() > 1 ? 1 : 0) as 0 | 1);
  return { features, labels };
}

describe('the linear probe', () => {
  test.each([
    ['none', [10.73174779, 4.63872737, 2.1369132], -9.287605233200123],
    ['balanced', [10.72290864, 4.62360016, 2.15477206], -9.365030055042219],
  ] as const)("with class weights '%s' equals scikit-learn's LogisticRegression over standardized features", (classWeights, weights, bias) => {
    const { features, labels } = example();
    const probe = fitProbe(features, labels, { l2: 0.01, classWeights });
    expect(probe.converged).toBe(true);
    weights.forEach((weight, i) => expect(probe.weights[i]).toBeCloseTo(weight, 2));
    expect(probe.bias).toBeCloseTo(bias, 2);
  });

  test('leaves out studies without a label, and bears a constant feature', () => {
    const { features, labels } = example();
    const whole = fitProbe(features, labels);
    const wide = {
      data: Float32Array.from({ length: 42 * 4 }, (_, i) => (i % 4 === 3 ? 5 : (features.data[Math.floor(i / 4) * 3 + (i % 4)] ?? 99))),
      shape: [42, 4],
    };
    const padded = fitProbe(wide, [...labels, undefined, undefined]);
    expect(padded.weights[3]).toBeCloseTo(0, 6);
    whole.weights.forEach((weight, i) => expect(padded.weights[i]).toBeCloseTo(weight, 1));
    expect(applyProbe(padded, wide)).toHaveLength(42);
  });

  test('logits rank what it was fitted to', () => {
    const { features, labels } = example();
    const logits = applyProbe(fitProbe(features, labels, { l2: 1e-4 }), features);
    const right = labels.filter((label, i) => logits[i]! > 0 === (label === 1)).length;
    expect(right).toBeGreaterThanOrEqual(36);
  });

  test('refuses one kind of study, features that are not numbers, another width', () => {
    const { features, labels } = example();
    expect(() =>
      fitProbe(
        features,
        labels.map(() => 0 as const),
      ),
    ).toThrow('0 of 40 labelled studies are positive');
    expect(() => fitProbe({ data: features.data.map((value, i) => (i === 4 ? Number.NaN : value)), shape: [40, 3] }, labels)).toThrow('feature 4 is NaN');
    expect(() => fitProbe({ ...features, shape: [3, 40] }, labels)).toThrow('give (studies, width)');
    expect(() => applyProbe({ weights: new Float64Array(2), bias: 0 }, features)).toThrow('features have width 3, the probe 2');
  });
});

describe('subsets of labels', () => {
  const ids = Array.from({ length: 1234 }, (_, i) => `study ${i}`);

  test('are nested, of the fractions asked for, and a function of seed and ids alone', () => {
    const [one, ten, all] = nestedSubsets(ids, [0.01, 0.1, 1], 3) as [string[], string[], string[]];
    expect([one.length, ten.length, all.length]).toEqual([13, 124, 1234]);
    for (const id of one) expect(ten).toContain(id);
    expect(new Set(all)).toEqual(new Set(ids));
    expect(nestedSubsets(ids.toReversed(), [0.01], 3)[0]).toEqual(one);
    expect(nestedSubsets(ids, [0.01], 4)[0]).not.toEqual(one);
  });

  test('take every study equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 200; seed++) for (const id of nestedSubsets(ids.slice(0, 40), [0.25], seed)[0]!) counts.set(id, (counts.get(id) ?? 0) + 1);
    // 200 draws of a quarter: 50, four standard deviations 24.5.
    for (const id of ids.slice(0, 40)) expect(Math.abs((counts.get(id) ?? 0) - 50)).toBeLessThan(24.5);
  });

  test('refuse fractions out of range, and ids used twice', () => {
    expect(() => nestedSubsets(ids, [10], 0)).toThrow('fraction 10');
    expect(() => nestedSubsets(['a', 'a'], [1], 0)).toThrow('an id is used twice');
  });
});

test('a split that is read once cannot be read twice', () => {
  const read = readOnce('test split of csv:labels.csv', () => 7);
  expect(read()).toBe(7);
  expect(read).toThrow('test split of csv:labels.csv: has been read before');
});
