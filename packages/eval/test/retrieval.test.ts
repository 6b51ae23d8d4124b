import { cosineSimilarities, nearestVectors, precisionAt, ranks, recallAt } from '@hybridmed/eval';
import { expect, test } from 'vitest';

const queries = { data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] };
const gallery = { data: Float32Array.of(2, 0, 1, 1, 0, 3), shape: [3, 2] };
const similarities = cosineSimilarities(queries, gallery);
const own = (query: number, entry: number) => entry === query;

test('cosines know directions alone; zeros are similar to nothing', () => {
  const half = expect.closeTo(Math.SQRT1_2, 12);
  expect([...similarities]).toEqual([1, half, 0, 0, half, 1]);
  expect([...cosineSimilarities({ data: new Float64Array(2), shape: [1, 2] }, gallery)]).toEqual([0, 0, 0]);
});

test('ranks, recall and precision', () => {
  const found = ranks(similarities, 2, own);
  expect(found).toEqual([0, 1]);
  expect(recallAt(found, 1)).toBe(0.5);
  expect(recallAt(found, 2)).toBe(1);
  expect(precisionAt(similarities, 2, (_, entry) => entry > 0, 2)).toEqual([0.5, 1]);
  expect(precisionAt(similarities, 2, (_, entry) => entry > 0, 10)).toEqual([2 / 3, 2 / 3]);
});

test('of several own entries the best counts', () => {
  expect(ranks(Float64Array.of(0.1, 0.9, 0.5, 0.7), 1, (_, entry) => entry === 0 || entry === 3)).toEqual([1]);
  expect(ranks(Float64Array.of(0.5, 0.5, 0.5), 1, (_, entry) => entry > 0)).toEqual([1]);
});

test('a constant model gains nothing from ties, wherever its entries stand', () => {
  expect(ranks(new Float64Array(6).fill(1), 2, own)).toEqual([2, 2]);
  expect(ranks(new Float64Array(6), 2, () => false)).toEqual([3, 3]);
  for (const place of [0, 1, 2, 3]) expect(precisionAt(new Float64Array(4), 1, (_, entry) => entry === place, 2)).toEqual([0.25]);
  // The first place is sure, the second is shared by two.
  expect(precisionAt(Float64Array.of(1, 0.5, 0.5, 0), 1, (_, entry) => entry <= 1, 2)).toEqual([0.75]);
});

test('the nearest row by cosine; of equals, the first', () => {
  expect(nearestVectors({ data: Float32Array.of(0, 5, 1, 1), shape: [2, 2] }, gallery)).toEqual([2, 1]);
  expect(nearestVectors({ data: Float32Array.of(1, 2), shape: [1, 2] }, { data: Float32Array.of(3, 0, 1, 2, 10, 20), shape: [3, 2] })).toEqual([1]);
});

test('bad input is refused in one line', () => {
  const one = { data: new Float32Array(2), shape: [1, 2] };
  expect(() => cosineSimilarities(one, { data: new Float32Array(3), shape: [1, 3] })).toThrow('queries have width 2, the gallery 3; embed both with one model');
  expect(() => cosineSimilarities(one, { data: new Float32Array(3), shape: [2, 2] })).toThrow('the gallery has 3 values and shape [2, 2]; give (rows, width)');
  expect(() => cosineSimilarities({ data: Float32Array.of(0, Number.NaN), shape: [1, 2] }, one)).toThrow('value 1 of the queries is NaN');
  expect(() => nearestVectors(one, { data: new Float32Array(0), shape: [0, 2] })).toThrow('the corpus is empty');
  expect(() => ranks(new Float64Array(5), 2, own)).toThrow('ranks: 5 similarities for 2 queries; give (queries, gallery)');
  expect(() => ranks(Float64Array.of(Number.NaN), 1, own)).toThrow('ranks: score 0 is not a number');
  expect(() => precisionAt(new Float64Array(2), 1, own, 0)).toThrow('precisionAt: k is 0; give a whole number from 1');
  expect(() => recallAt([], 1)).toThrow('recallAt: no ranks');
});
