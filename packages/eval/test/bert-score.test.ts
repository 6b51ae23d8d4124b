import type { EmbeddedText } from '@hybridmed/eval/generation';
import { bertScore, bertScoreMeans, inverseFrequencies } from '@hybridmed/eval/generation';
import { expect, test } from 'vitest';

const [cls, sep] = [2, 3];
const special = [cls, sep];

/** A text whose states are given by direction, in degrees; lengths must not matter. */
const text = (...tokens: [id: number, degrees: number, length?: number][]): EmbeddedText => ({
  ids: tokens.map(([id]) => id),
  states: {
    data: Float32Array.from(
      tokens.flatMap(([, degrees, length = 1]) => [length * Math.cos((degrees * Math.PI) / 180), length * Math.sin((degrees * Math.PI) / 180)]),
    ),
    shape: [tokens.length, 2],
  },
});
const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180);

test('each piece takes its best partner, and [CLS] and [SEP] can be one but weigh nothing', () => {
  const candidate = text([cls, 180], [10, 0, 3], [11, 90], [sep, 270]);
  const reference = text([cls, 80], [12, 30], [sep, 270]);
  const { precision, recall, f1 } = bertScore(candidate, reference, { special });
  // 0 degrees is nearest to 30; 90 to the reference's [CLS] at 80. The reference's piece at 30 is nearest to 0.
  expect(precision).toBeCloseTo((cosine(30) + cosine(10)) / 2, 6);
  expect(recall).toBeCloseTo(cosine(30), 6);
  expect(f1).toBeCloseTo((2 * precision * recall) / (precision + recall), 12);
});

test('equal texts score 1, and one without pieces 0', () => {
  const own = text([cls, 10], [10, 50], [11, 200], [sep, 120]);
  expect(bertScore(own, own, { special }).f1).toBeCloseTo(1, 6);
  const none = text([cls, 10], [sep, 120]);
  expect(bertScore(none, own, { special })).toEqual({ precision: 0, recall: 0, f1: 0 });
  expect(bertScore(own, none, { special })).toEqual({ precision: 0, recall: 0, f1: 0 });
});

test('weights of inverse document frequency', () => {
  const weight = inverseFrequencies([
    [cls, 10, 10, sep],
    [cls, 10, 11, sep],
    [cls, 12, sep],
  ]);
  expect([weight(10), weight(11), weight(99)]).toEqual([Math.log(4 / 3), Math.log(2), Math.log(4)]);
  const candidate = text([cls, 180], [10, 0], [11, 90], [sep, 270]);
  const reference = text([cls, 180], [12, 30], [sep, 270]);
  const { precision } = bertScore(candidate, reference, { special, weight });
  expect(precision).toBeCloseTo((weight(10) * cosine(30) + weight(11) * cosine(60)) / (weight(10) + weight(11)), 6);
});

test('means with intervals', () => {
  const means = bertScoreMeans([
    { precision: 1, recall: 0.5, f1: 0.6 },
    { precision: 0, recall: 0.5, f1: 0.2 },
  ]);
  expect(means.precision).toEqual({ value: 0.5, low: 0, high: 1 });
  expect(means.recall).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  expect(() => bertScoreMeans([])).toThrow('bootstrap: no studies; give at least one');
});

test('states that do not fit are refused', () => {
  const own = text([cls, 10], [10, 50], [sep, 120]);
  const wide = { ids: [cls, sep], states: { data: new Float32Array(6), shape: [2, 3] } };
  expect(() => bertScore(own, wide, { special })).toThrow('bertScore: the candidate has states of width 2, the reference 3; use one encoder for both');
  expect(() => bertScore({ ...own, ids: [cls] }, own, { special })).toThrow(
    'bertScore: the candidate has 1 ids, states of shape [3, 2] and 6 values; give (tokens, width)',
  );
  const broken = { ids: [cls], states: { data: Float32Array.of(Number.NaN), shape: [1, 1] } };
  expect(() => bertScore(broken, own, { special })).toThrow('bertScore: value 0 of the candidate is NaN; mend what computes it');
});
