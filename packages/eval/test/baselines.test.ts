import { openDataSet } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textScores } from '@hybridmed/eval';
import { describe, expect, test } from 'vitest';
import { sharedPath } from './shared.ts';

const { path, absent } = sharedPath('data/iu_xray');

describe.skipIf(absent)('baselines on Open-I (skipped where shared/data is absent)', () => {
  test('are those of scikit-learn and pycocoevalcap, to the last figure', async () => {
    // Many findings are equal word for word; the reference meets the reports in the order of their names.
    const studies = (await openDataSet(`openi:${path}`)).studies.toSorted((a, b) =>
      a.report === b.report ? (a.image < b.image ? -1 : 1) : a.report < b.report ? -1 : 1,
    );
    const [train, held] = [studies.filter((s) => s.split === 'train'), studies.filter((s) => s.split === 'test')];
    const truth = held.map((s) => s.impression);
    const rounded = ({ bleu4, rougeL, cider }: ReturnType<typeof textScores>) => [bleu4.toFixed(3), rougeL.toFixed(3), cider.toFixed(2)];
    const frequent = mostFrequent(train.map((s) => normalizeForComparison(s.impression)));
    expect(
      rounded(
        textScores(
          held.map(() => frequent),
          truth,
        ),
      ),
    ).toEqual(['0.113', '0.512', '1.63']);
    const nearest = nearestTexts(
      held.map((s) => s.findings),
      train.map((s) => s.findings),
    ).map((i) => train[i]!.impression);
    expect(rounded(textScores(nearest, truth))).toEqual(['0.326', '0.683', '5.11']);
  });
});

test('the most frequent text; of several, the first', () => {
  expect(mostFrequent(['b', 'a', 'a', 'b', 'c'])).toBe('b');
  expect(() => mostFrequent([])).toThrow('mostFrequent: no texts; give the training impressions');
});

test('the nearest text is the one that shares the rare words; of equals, the first', () => {
  const corpus = ['no effusion', 'the heart is large', 'Left effusion is small.', 'left effusion is small'];
  expect(nearestTexts(['Small left effusion', 'zzz', ''], corpus)).toEqual([2, 0, 0]);
  expect(nearestTexts(['heart'], ['', 'heart'])).toEqual([1]);
  expect(() => nearestTexts(['a'], [])).toThrow('nearestTexts: the corpus is empty; give the training findings');
});
