import { readFileSync } from 'node:fs';
import {
  chexbertAgreement,
  chexbertClasses,
  chexbertFive,
  chexbertHeads,
  chexbertLabels,
  chexbertLabelSet,
  chexbertPredictions,
  namingAgreement,
  reportLabels,
} from '@hybridmed/eval/labeller';
import { describe, expect, test } from 'vitest';
import { sharedPath } from './shared.ts';

const { path, absent } = sharedPath('goldens-2/labeller-heads.json');
const golden = absent ? {} : JSON.parse(readFileSync(path, 'utf8'));

describe.skipIf(absent)('reference values within 1e-6 (skipped where shared/goldens-2 is absent)', () => {
  test('names and order of labels and classes', () => {
    expect(chexbertLabels).toEqual(golden.names);
    expect(chexbertFive).toEqual(golden.five);
    expect(chexbertClasses).toEqual(golden.classes);
  });

  test.each([
    ['positive_alone', 0],
    ['positive_or_uncertain', 1],
  ] as const)('F1 over fourteen and five, %s', (name, uncertain) => {
    const sets = golden.predicted.map((classes: number[]) => chexbertLabelSet(classes, { uncertain }));
    const pick = (indices: number[]) => indices.map((i) => sets[i]);
    const agreement = chexbertAgreement(pick(golden.references), pick(golden.hypotheses), { samples: 20 });
    for (const part of ['all14', 'five'] as const) {
      const [ours, expected] = [agreement[part], golden.f1[name][part]];
      const labels = part === 'five' ? golden.five : golden.names;
      expect(ours.micro).toBeCloseTo(expected.micro, 6);
      expect(ours.macro).toBeCloseTo(expected.macro, 6);
      labels.forEach((label: string, i: number) => {
        expect(ours.perLabel[label]).toBeCloseTo(expected.each[i], 6);
        expect(ours.support[label]).toBe(expected.support[i]);
      });
      expect(ours.exactMatch).toBeCloseTo(expected.accuracy, 6);
      expect(ours.intervals.micro.value).toBeCloseTo(expected.micro, 6);
    }
  });
});

const classesOf = (by: Record<string, number>) => chexbertLabels.map((label) => by[label] ?? 0);

test('the labels are those of the rule labeller, "No Finding" last', () => {
  expect([...chexbertLabels].toSorted()).toEqual([...reportLabels].toSorted());
  expect(chexbertLabels.at(-1)).toBe('No Finding');
  expect(chexbertHeads).toEqual([...Array.from({ length: 13 }, () => 4), 2]);
});

test('the largest logit of each head is its class; of equals the first', () => {
  const data = new Float32Array(2 * 54);
  data[1] = 2; // Enlarged Cardiomediastinum: positive.
  data[4 + 3] = 1; // Cardiomegaly: uncertain.
  data[54 + 52 + 1] = 5; // The second text: No Finding.
  const [first, second] = chexbertPredictions({ data, shape: [2, 54] });
  expect(first).toEqual(classesOf({ 'Enlarged Cardiomediastinum': 1, Cardiomegaly: 3 }));
  expect(second).toEqual(classesOf({ 'No Finding': 1 }));
  expect(() => chexbertPredictions({ data, shape: [4, 27] })).toThrow('chexbertPredictions: logits have shape [4, 27] and 108 values; give (texts, 54)');
  expect(() => chexbertPredictions({ data: data.fill(Number.NaN), shape: [2, 54] })).toThrow('chexbertPredictions: logit 0 is not a number');
});

test('agreement worked out by hand', () => {
  const truth = [classesOf({ Edema: 1, Fracture: 1 }), classesOf({ Edema: 3 }), classesOf({ 'No Finding': 1 })].map((classes) => chexbertLabelSet(classes));
  const stated = [classesOf({ Edema: 1 }), classesOf({ Edema: 2, Cardiomegaly: 1 }), classesOf({ 'No Finding': 1 })].map((classes) =>
    chexbertLabelSet(classes),
  );
  const { all14, five } = chexbertAgreement(truth, stated, { samples: 10 });
  // Edema: one of two found, F1 2/3; No Finding 1; Fracture and Cardiomegaly 0; ones: 4 true, 3 stated, 2 in common.
  expect(all14.micro).toBeCloseTo(4 / 7, 12);
  expect(all14.macro).toBeCloseTo((2 / 3 + 1) / 14, 12);
  expect(five.micro).toBeCloseTo(2 / 4, 12);
  expect(five.macro).toBeCloseTo(2 / 3 / 5, 12);
  expect([all14.exactMatch, five.exactMatch]).toEqual([1 / 3, 2 / 3]);
  expect(chexbertLabelSet(classesOf({ Edema: 3 }), { uncertain: 0 }).Edema).toBe(0);
  expect(() => chexbertLabelSet([1])).toThrow('chexbertLabelSet: 1 classes; give one for each of the 14 labels');
});

test('naming a finding: balanced accuracy by hand, and none for studies of one kind', () => {
  // Two of three with a finding are named, one of two without.
  const { rate, balancedAccuracy } = namingAgreement([1, 1, 1, 0, 0], [1, 1, 0, 1, 0], { samples: 50 });
  expect(rate).toBe(3 / 5);
  expect(balancedAccuracy!.value).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12);
  expect(balancedAccuracy!.low).toBeLessThan(balancedAccuracy!.high);
  expect(namingAgreement([1, 0, 0], [0, 0, 0]).balancedAccuracy!.value).toBe(0.5);
  expect(namingAgreement([1, 1], [1, 0])).toEqual({ rate: 0.5, balancedAccuracy: null });
  expect(() => namingAgreement([1], [1, 0])).toThrow('namingAgreement: 1 labels but 2 decisions; give one for each');
});
