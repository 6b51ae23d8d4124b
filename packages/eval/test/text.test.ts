import { bleu, cider, ciderEach, normalizeForComparison, rougeL, rougeLEach, textIntervals, textScores } from '@hybridmed/eval';
import { expect, test } from 'vitest';

const truth = ['No acute disease .', 'small left effusion .', 'the heart is large .', 'no acute disease .'];
const good = ['no acute disease .', 'left effusion .', 'the heart is large .', 'no acute disease .'];
const poor = truth.map(() => 'no acute disease .');

test('texts are compared in lower case, punctuation apart', () => {
  expect(normalizeForComparison('No  focal\nopacity. XXXX-ray, 2.5cm')).toBe('no focal opacity . xxxx - ray , 2 . 5cm');
  expect(normalizeForComparison(' \n')).toBe('');
  expect(textScores(['No effusion.', 'no effusion .'], ['no effusion.', 'No effusion .'])).toMatchObject({
    distinct: 1,
    rougeL: 1,
    bleu2: expect.closeTo(1, 6),
  });
});

test('BLEU clips counts, pays for brevity, and takes lengths from the corpus', () => {
  // "the" occurs twice in the reference: 2 of 7 count.
  expect(bleu(['the the the the the the the'], ['the cat is on the mat'])[0]).toBeCloseTo(2 / 7, 8);
  expect(bleu(['a b c d'], ['a b c d e f g h'])[0]).toBeCloseTo(Math.exp(1 - 8 / 4), 8);
  // One long and one short text: together they have the right length, so that nothing is paid.
  expect(bleu(['a b c d', 'e f'], ['a b c', 'e f g'])[0]).toBeCloseTo(5 / 6, 8);
  expect(bleu(['a b c d'], ['a b x c d'])[1]).toBeCloseTo(Math.exp(1 - 5 / 4) * Math.sqrt(2 / 3), 8);
});

test('ROUGE-L is the F of the longest common subsequence, recall weighing more', () => {
  const [precision, recall, weight] = [3 / 4, 3 / 6, 1.2 ** 2];
  expect(rougeLEach(['a x c e'], ['a b c d e f'])[0]).toBeCloseTo(((1 + weight) * precision * recall) / (recall + weight * precision), 12);
  expect(rougeL(['a b', 'c'], ['a b', 'd'])).toBe(0.5);
});

test('CIDEr gives nothing for n-grams that every reference has, most for rare ones', () => {
  expect(ciderEach(['no change', 'no change'], ['no change', 'no change'])).toEqual([0, 0]);
  const references = ['heart . a', 'heart . b', 'effusion . c'];
  const ofFirst = (text: string) => ciderEach([text, '', ''], references)[0]!;
  expect(ofFirst('.')).toBe(0);
  expect(ofFirst('heart')).toBeGreaterThan(0);
  expect(ofFirst('a')).toBeGreaterThan(ofFirst('heart'));
  expect(ciderEach(good, truth.map(normalizeForComparison))[2]).toBeCloseTo(10, 10);
  expect(cider(['a b c d e', 'f g h i j'], ['a b c d e', 'f g h i j'])).toBeCloseTo(10, 10);
});

test('CIDEr pays for another length, and for repeating a reference', () => {
  const references = ['a b c d e f', 'g h i j k l'];
  const [own] = ciderEach(['a b c d e f', 'x'], references);
  const [twice] = ciderEach(['a b c d e f a b c d e f', 'x'], references);
  expect(own).toBeCloseTo(10, 10);
  expect(twice).toBeLessThan(own! * Math.exp(-(6 ** 2) / (2 * 6 ** 2)) + 1e-9);
});

test('empty texts score nothing and break nothing', () => {
  expect(bleu([''], ['a b']).every((value) => value >= 0 && value < 1e-6)).toBe(true);
  expect(bleu([''], ['']).every((value) => Number.isFinite(value) && value < 1e-6)).toBe(true);
  expect(rougeLEach(['', 'a', ''], ['a', '', ''])).toEqual([0, 0, 0]);
  expect(ciderEach(['', 'a b c d', ''], ['a b c d', '', ''])).toEqual([0, 0, 0]);
  expect(ciderEach(['x y z', 'a b c d'], ['a b c d', 'e f g h'])[0]).toBe(0);
});

test('lists that do not pair are refused in one line', () => {
  expect(() => bleu(['a'], [])).toThrow('bleu: 1 hypotheses but 0 references; give one for each');
  expect(() => rougeL([], [])).toThrow('rougeL: no hypotheses; give at least one');
  expect(() => cider(['a'], ['a', 'b'])).toThrow('cider: 1 hypotheses but 2 references');
  expect(() => textIntervals(['a'], ['a'], { than: [] })).toThrow('textIntervals: 0 texts to compare with but 1 references');
});

test('intervals hold the scores of the table', () => {
  const { distinct, ...scores } = textScores(good, truth);
  const intervals = textIntervals(good, truth, { samples: 200 });
  expect(distinct).toBe(3);
  for (const [name, value] of Object.entries(scores)) {
    const interval = intervals[name as keyof typeof intervals];
    expect(interval.value).toBeCloseTo(value, 12);
    expect(interval.low).toBeLessThanOrEqual(value);
    expect(interval.high).toBeGreaterThanOrEqual(value);
  }
});

test('differences are paired: none to itself, and those of the scores to another', () => {
  for (const { value, low, high } of Object.values(textIntervals(good, truth, { than: good, samples: 50 }))) expect([value, low, high]).toEqual([0, 0, 0]);
  const difference = textIntervals(good, truth, { than: poor, samples: 50 });
  expect(difference.bleu1.value).toBeCloseTo(textScores(good, truth).bleu1 - textScores(poor, truth).bleu1, 12);
  expect(difference.rougeL.low).toBeGreaterThanOrEqual(0);
});
