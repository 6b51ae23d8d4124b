import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accuracy, auc, averagePrecision, bleu, bootstrap, bootstrapMean, cider, ciderEach, confusion, cosineSimilarities, decide, f1, labelF1, mcc, mostFrequent, nearestTexts, normalizeForComparison, pairedDifference, precisionAt, ranks, recallAt, rougeL, rougeLEach, textScores } from '@hybridmed/eval';
import { describe, expect, test } from 'vitest';

const file = join(import.meta.dirname, '../../../../shared/goldens/metrics.json');
const has = existsSync(file);
const golden = has ? JSON.parse(readFileSync(file, 'utf8')) : {};

const close = (ours: number, theirs: number) => expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(theirs)));

describe.skipIf(!has)('reference values (skipped where shared/goldens is absent)', () => {
  test('BLEU, ROUGE-L and CIDEr, for the corpus and for each text', () => {
    const { hypotheses, references, ...expected } = golden.text;
    bleu(hypotheses, references).forEach((value, i) => close(value, expected.bleu[i]));
    close(rougeL(hypotheses, references), expected.rougeL);
    close(cider(hypotheses, references), expected.cider);
    rougeLEach(hypotheses, references).forEach((value, i) => close(value, expected.rougeL_each[i]));
    ciderEach(hypotheses, references).forEach((value, i) => close(value, expected.cider_each[i]));
  });

  test('AUC, average precision, F1, accuracy and MCC, with ties', () => {
    const { labels, scores, ...expected } = golden.ranking;
    close(auc(labels, scores), expected.auc);
    close(averagePrecision(labels, scores), expected.average_precision);
    const counts = confusion(labels, decide(scores, 0.2));
    close(f1(counts), expected.f1_at_0_2);
    close(accuracy(counts), expected.accuracy_at_0_2);
    close(mcc(counts), expected.mcc_at_0_2);
  });
});

describe('edges', () => {
  test('texts: equal, empty, nothing in common', () => {
    expect(bleu(['a b c d e'], ['a b c d e'])[3]).toBeCloseTo(1, 6);
    expect(rougeLEach(['', 'a'], ['a', ''])).toEqual([0, 0]);
    expect(bleu([''], ['a b'])[0]).toBeLessThan(1e-6);
    expect(ciderEach(['x y z', 'a b c d'], ['a b c d', 'a b c d'])[0]).toBe(0);
    expect(normalizeForComparison('No  focal\nopacity. XXXX-ray')).toBe('no focal opacity . xxxx - ray');
    expect(textScores(['No effusion.', 'no effusion .'], ['no effusion.', 'No effusion .']).distinct).toBe(1);
  });

  test('ranking: one class only has no AUC; constant scores are chance', () => {
    expect(auc([1, 1], [0.2, 0.4])).toBeNaN();
    expect(averagePrecision([0, 0], [0.2, 0.4])).toBeNaN();
    expect(auc([1, 0, 1, 0], [3, 3, 3, 3])).toBe(0.5);
    expect(auc([0, 0, 1, 1], [1, 2, 3, 4])).toBe(1);
    expect(mcc(confusion([1, 1], [1, 1]))).toBe(0);
    expect(f1(confusion([0, 0], [0, 0]))).toBe(0);
  });

  test('labels: micro counts decisions, macro means labels', () => {
    const result = labelF1([{ a: 1, b: 0 }, { a: 1, b: 1 }], [{ a: 1, b: 1 }, { a: 0, b: 1 }], ['a', 'b']);
    expect(result.micro).toBeCloseTo(4 / 6, 12);
    expect(result.perLabel).toEqual({ a: 2 / 3, b: 2 / 3 });
  });

  test('bad input is one line that says what to do', () => {
    expect(() => bleu(['a'], [])).toThrow('bleu: 1 hypotheses but 0 references; give one for each');
    expect(() => auc([], [])).toThrow('no labels');
    expect(() => auc([1, 0], [Number.NaN, 1])).toThrow('score 0 is not a number');
    expect(() => bootstrap(0, () => 0)).toThrow('no studies');
    expect(() => pairedDifference([1], [1, 2])).toThrow('same studies');
    expect(() => mostFrequent([])).toThrow('no texts');
    expect(() => nearestTexts(['a'], [])).toThrow('corpus is empty');
    expect(() => cosineSimilarities({ data: new Float32Array(2), shape: [1, 2] }, { data: new Float32Array(3), shape: [1, 3] })).toThrow('width 2');
  });
});

describe('retrieval', () => {
  const queries = { data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] };
  const gallery = { data: Float32Array.of(2, 0, 1, 1, 0, 3), shape: [3, 2] };
  const similarities = cosineSimilarities(queries, gallery);

  test('ranks, recall and precision', () => {
    expect([...similarities].map((v) => Number(v.toFixed(4)))).toEqual([1, expect.closeTo(Math.SQRT1_2, 4), 0, 0, expect.closeTo(Math.SQRT1_2, 4), 1]);
    const found = ranks(similarities, 2, (query, entry) => entry === query);
    expect(found).toEqual([0, 1]);
    expect(recallAt(found, 1)).toBe(0.5);
    expect(precisionAt(similarities, 2, (_, entry) => entry > 0, 2)).toEqual([0.5, 1]);
  });

  test('a constant model gains nothing', () => {
    expect(ranks(new Float64Array(6).fill(1), 2, (query, entry) => entry === query)).toEqual([2, 2]);
    expect(ranks(new Float64Array(6), 2, () => false)).toEqual([3, 3]);
  });
});

describe('intervals', () => {
  test('cover the true mean at their rate in a simulation, and are the same for a seed', () => {
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const values = Array.from({ length: 60 }, (_, i) => Math.sin(12.9898 * (trial * 60 + i)) * 43758.5453).map((x) => x - Math.floor(x));
      const { low, high } = bootstrapMean(values, { samples: 300, seed: trial, level: 0.9 });
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.83);
    expect(covered / 200).toBeLessThan(0.96);
    expect(bootstrapMean([1, 2, 3], { seed: 4 })).toEqual(bootstrapMean([1, 2, 3], { seed: 4 }));
  });

  test('resamples without a class are left out', () => {
    const { value, low, high } = bootstrap(3, (indices) => auc([...indices].map((i) => (i === 0 ? 1 : 0)), [...indices].map((i) => [0.9, 0.1, 0.95][i]!)));
    expect(value).toBe(0.5);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
  });
});
