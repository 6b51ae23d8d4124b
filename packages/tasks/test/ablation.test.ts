// The variants and the measures of an ablation, by worked cases.
import { lossesOfImages, lossRows } from '@hybridmed/model/objective';
import { completeConfig } from '@hybridmed/runtime/settings';
import { measures } from '@hybridmed/tasks';
import { chooseVariants, variants } from '@hybridmed/tasks/node';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import { expect, test } from 'vitest';
import { statisticsOf } from '../src/ablate/measures.ts';

test('every variant changes the full method, and only as it says', () => {
  const full = completeConfig({ data: 'phantom:x' });
  const changes = Object.fromEntries(variants.map((variant) => [variant.name, variant.change(full)]));
  expect(changes).toEqual({
    'no-dis': { dis: 0 },
    'no-cg': { cg: 0 },
    'no-cl': { cl: 0 },
    'no-sum': { sum: 0 },
    'no-stage1': { stage1: false, teacher: 'live' },
    // There are none.
    'no-labels': {},
    'no-image': {
      vision: 'none',
      stage0: false,
      ...Object.fromEntries(lossesOfImages.map((key) => [key, 0])),
      freeze: [],
      lora: [],
      freezeStatistics: [],
      learningRate: full.learningRate,
      stages: {},
    },
    unshared: { unsharedDecoder: true },
    'other-teacher': { teacher: 'live' },
    'other-duplicates': { duplicates: 'negatives' },
    // Losses beyond the paper, which it leaves out.
    ...Object.fromEntries(lossRows.filter(({ defaultWeight }) => defaultWeight === 0).map(({ key }) => [key, { [key]: 1 }])),
  });
  const labelled = completeConfig({ data: 'phantom:x', epochs: [3, 1, 1] });
  expect(variants.find(({ name }) => name === 'no-labels')!.change(labelled)).toEqual({ stage0: false, lab: 0 });
  expect(chooseVariants(undefined)).toEqual(variants);
});

test('measures of a worked case', () => {
  const examples = [
    {
      id: 'a',
      truth: 'x',
      image: 'x',
      findings: '',
      loss: { image: 2, mismatchedImage: 6, findings: 1, tokens: 1 },
      labels: { truth: ['p', 'q'], image: ['p'], findings: [] },
      rank: 11,
      zeroShot: { t: { truth: 1, score: 0.5 } },
      labelHead: { t: { truth: 1, score: 0.5 } },
      normalSentences: { score: -1, byText: 1 },
    },
    {
      id: 'b',
      truth: 'y',
      image: 'z',
      findings: '',
      loss: { image: 4, mismatchedImage: 3, findings: 5, tokens: 2 },
      labels: { truth: [], image: ['q'], findings: [] },
      rank: 10,
      zeroShot: { t: { truth: 0, score: 0.1 } },
      labelHead: { t: { truth: 0, score: 0.7 } },
      normalSentences: { score: -2, byText: 0 },
    },
  ] as const;
  const statistics = statisticsOf({ examples } as unknown as EvaluationReport);
  expect(measures.map(({ name }) => name).toSorted()).toEqual(Object.keys(statistics).toSorted());
  const values = Object.fromEntries(Object.entries(statistics).map(([name, statistic]) => [name, statistic(Int32Array.of(0, 1))]));
  expect(values).toMatchObject({
    caption: 2,
    summary: 2,
    imageGain: 1,
    labelF1: 0.5,
    recall10: 0.5,
    zeroShot: 1,
    rougeL: 0.5,
    captionNats: 3,
    gap: 1.5,
    normalAuc: 1,
    labelHead: 0,
  });
  expect(statistics.caption!(Int32Array.of(0, 0))).toBe(2);
  expect(statistics.zeroShot!(Int32Array.of(0, 0))).toBeNaN();
});
