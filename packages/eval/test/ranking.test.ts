import { accuracy, auc, averagePrecision, confusion, decide, f1, labelF1, mcc } from '@hybridmed/eval';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

test('AUC is the fraction of pairs in order, ties half', () => {
  const random = numbers(7);
  for (let trial = 0; trial < 20; trial++) {
    const labels = Array.from({ length: 40 }, (_, i) => (i < 2 ? i : Number(random() < 0.3)));
    const scores = labels.map((label) => Math.round(4 * (random() + 0.5 * label)));
    let [pairs, won] = [0, 0];
    labels.forEach((a, i) =>
      labels.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        pairs++;
        won += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }),
    );
    expect(auc(labels, scores)).toBeCloseTo(won / pairs, 12);
    expect(
      auc(
        labels.map((label) => label === 0),
        scores.map((score) => -score),
      ),
    ).toBeCloseTo(won / pairs, 12);
  }
});

test('ranking: perfect, reversed, constant and infinite scores', () => {
  expect(auc([0, 0, 1, 1], [1, 2, 3, 4])).toBe(1);
  expect(auc([true, true, false], Float32Array.of(1, 2, 3))).toBe(0);
  expect(auc([1, 0, 1, 0], [3, 3, 3, 3])).toBe(0.5);
  expect(auc([0, 1], [-Infinity, Infinity])).toBe(1);
  // Tied scores enter together, so that their order in the list gives nothing away.
  expect(averagePrecision([1, 0, 0, 0], [3, 3, 3, 3])).toBe(0.25);
  expect(averagePrecision([0, 1, 1], [3, 2, 1])).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
});

test('one class only: nothing to rank is NaN, rates without a meaning are 0', () => {
  expect(auc([1, 1], [0.2, 0.4])).toBeNaN();
  expect(auc([0, 0], [0.2, 0.4])).toBeNaN();
  expect(averagePrecision([0, 0], [0.2, 0.4])).toBeNaN();
  expect(averagePrecision([1, 1], [0.2, 0.4])).toBe(1);
  expect(mcc(confusion([1, 1], [1, 1]))).toBe(0);
  expect(f1(confusion([0, 0], [0, 0]))).toBe(0);
  expect(accuracy(confusion([0, 0], [0, 0]))).toBe(1);
});

test('decisions are strictly above the threshold; counts, accuracy, F1, MCC', () => {
  const decisions = decide([0.1, 0.5, 0.6, 0.9, 0.2], 0.5);
  expect(decisions).toEqual([false, false, true, true, false]);
  const counts = confusion([0, 1, 0, 1, 0], decisions);
  expect(counts).toEqual({ truePositives: 1, falsePositives: 1, falseNegatives: 1, trueNegatives: 2 });
  expect(accuracy(counts)).toBe(0.6);
  expect(f1(counts)).toBe(0.5);
  expect(mcc(counts)).toBeCloseTo((2 - 1) / Math.sqrt(2 * 2 * 3 * 3), 12);
});

test('labels: micro counts decisions, macro means labels', () => {
  const result = labelF1([{ a: 1 }, { a: 1, b: 1 }, { b: true }], [{ a: 1, b: 1 }, { a: 0, b: 1 }, {}], ['a', 'b', 'never']);
  expect(result.perLabel).toEqual({ a: 2 / 3, b: 0.5, never: 0 });
  expect(result.micro).toBeCloseTo(4 / 7, 12);
  expect(result.macro).toBeCloseTo((2 / 3 + 0.5) / 3, 12);
});

test('bad input is refused in one line that says what to do', () => {
  expect(() => auc([], [])).toThrow('auc: no labels; give at least one');
  expect(() => auc([1], [1, 2])).toThrow('auc: 1 labels but 2 scores; give one for each');
  expect(() => auc([1, 0], [Number.NaN, 1])).toThrow('auc: score 0 is not a number; drop the study or mend what computes it');
  expect(() => averagePrecision([1, 0], [0, Number.NaN])).toThrow('averagePrecision: score 1 is not a number');
  expect(() => auc([1, -1], [0, 1])).toThrow('auc: label 1 is -1; give 0 or 1, and map or leave out uncertain studies first');
  expect(() => confusion([1, 0], [1, Number.NaN])).toThrow('confusion: label 1 is NaN');
  expect(() => decide([Number.NaN], 0)).toThrow('decide: score 0 is not a number');
  expect(() => labelF1([{}], [{}], [])).toThrow('labelF1: no labels; name those to compare');
});
