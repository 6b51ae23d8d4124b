import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textScores } from '@hybridmed/eval';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../../shared/data/iu_xray');

describe.skipIf(!existsSync(folder))('baselines on Open-I (skipped where shared/data is absent)', () => {
  test('are those of scikit-learn and pycocoevalcap', async () => {
    const { studies } = await openDataSet(`openi:${folder}`);
    const [train, held] = [studies.filter((s) => s.split === 'train'), studies.filter((s) => s.split === 'test')];
    const truth = held.map((s) => s.impression);
    const mode = textScores(held.map(() => mostFrequent(train.map((s) => normalizeForComparison(s.impression)))), truth);
    expect(mode).toMatchObject({ bleu4: expect.closeTo(0.113, 3), rougeL: expect.closeTo(0.512, 3), cider: expect.closeTo(1.63, 2) });
    const nearest = textScores(nearestTexts(held.map((s) => s.findings), train.map((s) => s.findings)).map((i) => train[i]!.impression), truth);
    expect(nearest).toMatchObject({ bleu4: expect.closeTo(0.326, 2), rougeL: expect.closeTo(0.683, 2), cider: expect.closeTo(5.11, 1) });
  });
});

test('the nearest text is the one that shares the rare words', () => {
  expect(nearestTexts(['small left effusion', 'zzz'], ['no effusion', 'the heart is large', 'left effusion is small'])).toEqual([2, 0]);
  expect(mostFrequent(['b', 'a', 'a', 'b', 'c'])).toBe('b');
});
