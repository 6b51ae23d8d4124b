import { openDataSet } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textScores } from '@hybridmed/eval';
import { commonestTexts, consensusTexts } from '@hybridmed/eval/generation';
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
    const corpus = { findings: train.map((s) => s.findings), impressions: train.map((s) => s.impression) };
    const consensus = consensusTexts(
      held.map((s) => s.findings),
      corpus,
    ).map((i) => train[i]!.impression);
    expect(rounded(textScores(consensus, truth))).toEqual(['0.327', '0.695', '5.28']);
    expect(new Set(consensus.map(normalizeForComparison)).size).toBe(130);
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

test('the most frequent texts in order, of equals the first', () => {
  expect(commonestTexts(['b', 'a', 'a', 'c', 'b'], 2)).toEqual(['b', 'a']);
  expect(commonestTexts(['b', 'a'], 9)).toEqual(['b', 'a']);
  expect(commonestTexts([], 2)).toEqual([]);
});

describe('the consensus of the nearest studies', () => {
  const corpus = {
    findings: ['small left effusion seen', 'small left effusion', 'small left effusion again', 'heart is large'],
    impressions: ['Fracture of a rib.', 'Small left effusion.', 'Small effusion, left.', 'Cardiomegaly.'],
  };

  test('is the impression that agrees with the others, not the odd one of the nearest', () => {
    const query = ['small left effusion seen'];
    expect(nearestTexts(query, corpus.findings)).toEqual([0]);
    // Weighed alike, the two that name the effusion win; one study alone is its own consensus.
    expect(consensusTexts(query, corpus, { k: 3, power: 0 })).toEqual([1]);
    expect(consensusTexts(query, corpus, { k: 1 })).toEqual([0]);
    // The more the similarity counts, the nearer it is to the nearest.
    expect(consensusTexts(query, corpus, { k: 3, power: 40 })).toEqual([0]);
  });

  test('of equals is the nearest study', () => {
    expect(consensusTexts(['zzz'], corpus, { k: 4 })).toEqual([0]);
    const twice = { findings: ['a heart', 'the heart', 'the heart'], impressions: ['x', 'same', 'same'] };
    expect(consensusTexts(['the heart'], twice, { k: 3 })).toEqual([1]);
  });

  test('refuses what does not pair', () => {
    expect(() => consensusTexts(['a'], { findings: ['a'], impressions: [] })).toThrow('consensusTexts: 1 training findings but 0 impressions');
    expect(() => consensusTexts(['a'], corpus, { k: 0 })).toThrow('consensusTexts: k is 0; give a whole number from 1');
  });
});
