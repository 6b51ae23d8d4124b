import { exclusiveSets, nearestEntries, precisionReport, promptDirection, promptScores, recallReport } from '@hybridmed/eval/protocols';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

/** Directions in the plane by angle in degrees. */
const at = (...angles: number[]) => ({
  data: Float64Array.from(angles.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)])),
  shape: [angles.length, 2],
});

test('recall by hand, with chance', () => {
  // Query 0 (at 0 degrees) finds its entry second, query 1 (at 90) first.
  const report = recallReport(at(0, 90), at(20, 10, 80), (query, entry) => (query === 0 ? entry === 0 : entry === 2), [1, 2, 3]);
  expect(report).toMatchObject({ queries: 2, gallery: 3, recall: { 'R@1': { value: 0.5 }, 'R@2': { value: 1 } } });
  expect(report.recall['R@1']!.chance).toBeCloseTo(1 / 3, 12);
  expect(Object.keys(report.recall)).toEqual(['R@1', 'R@2']);
  expect(report.recall['R@2']!.chance).toBeCloseTo(2 / 3, 12);
  // Two own entries of four: 1 - C(2,2)/C(4,2).
  expect(recallReport(at(0), at(0, 10, 20, 30), (_, entry) => entry < 2, [2]).recall['R@2']!.chance).toBeCloseTo(5 / 6, 12);
});

test('galleries larger than one block of queries give the same as one', () => {
  const random = numbers(5);
  const angles = Array.from({ length: 600 }, () => 360 * random());
  const report = recallReport(at(...angles), at(...angles), (query, entry) => query === entry, [1]);
  expect(report.recall['R@1']!.value).toBe(1);
  expect(report.queries).toBe(600);
});

test('precision by class by hand, without the query itself', () => {
  const classes = ['a', 'a', 'b', 'b', 'a'];
  const { precision } = precisionReport(at(0, 10, 12, 90, 180), at(0, 10, 12, 90, 180), { queryClasses: classes, galleryClasses: classes, same: true }, [1, 2]);
  // First neighbours: 0 -> 10 (a), 10 -> 12 (b), 12 -> 10 (a), 90 -> 12 (b), 180 -> 90 (b).
  expect(precision['P@1']!.value).toBeCloseTo(2 / 5, 12);
  expect(precision['P@1']!.byClass).toEqual({ a: 1 / 3, b: 1 / 2 });
  expect(precision['P@1']!.chance).toBeCloseTo((3 * (2 / 4) + 2 * (1 / 4)) / 5, 12);
});

test('5x200 takes studies that are positive for one class alone', () => {
  const sets = exclusiveSets([{ a: 1, b: 0 }, { a: 1, b: 1 }, { a: 0, b: 1 }, { a: 1, b: 0 }, { a: 0, b: 0 }, { b: 1 }], ['a', 'b'], 1);
  expect(sets).toEqual([
    { index: 0, class: 'a' },
    { index: 2, class: 'b' },
  ]);
});

test('nearest entries come in order', () => {
  expect(nearestEntries(at(4), at(90, 0, 10, 0), 3).map(({ entry }) => entry)).toEqual([1, 3, 2]);
});

test('prompt sets are means of unit vectors', () => {
  const direction = promptDirection({ data: Float64Array.of(3, 0, 0, 0.5), shape: [2, 2] });
  expect([...direction.data]).toEqual([Math.SQRT1_2, Math.SQRT1_2].map((value) => expect.closeTo(value, 12)));
  const prompts = { positive: at(0, 90), negative: at(180) };
  const difference = promptScores(at(45, 180), prompts);
  expect([...difference]).toEqual([expect.closeTo(1 + Math.SQRT1_2, 12), expect.closeTo(-Math.SQRT1_2 - 1, 12)]);
  const softmax = promptScores(at(45), prompts, { score: 'softmax', scale: 2 });
  expect(softmax[0]).toBeCloseTo(Math.exp(2) / (Math.exp(2) + Math.exp(-2 * Math.SQRT1_2)), 12);
});

test('bad input is refused in one line', () => {
  expect(() => promptDirection({ data: new Float64Array(0), shape: [0, 2] })).toThrow('prompt set is empty');
  expect(() => recallReport(at(0), at(0, 1), () => false, [1])).toThrow('query 0 has no entry of its own');
  expect(() => recallReport(at(), at(0), () => true, [1])).toThrow('no queries');
  expect(() => precisionReport(at(0), at(0), { queryClasses: [], galleryClasses: ['a'] }, [1])).toThrow('0 and 1 classes for 1 queries');
});
