import { readFileSync } from 'node:fs';
import { accuracy, auc, averagePrecision, bleu, cider, ciderEach, confusion, decide, f1, mcc, rougeL, rougeLEach } from '@hybridmed/eval';
import { describe, expect, test } from 'vitest';
import { sharedPath } from './shared.ts';

const { path, absent } = sharedPath('goldens/metrics.json');
const golden = absent ? {} : JSON.parse(readFileSync(path, 'utf8'));

const within = (ours: readonly number[], theirs: readonly number[]) => {
  expect(ours).toHaveLength(theirs.length);
  expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThanOrEqual(1e-6);
};

describe.skipIf(absent)('reference values within 1e-6 (skipped where shared/goldens is absent)', () => {
  test('BLEU, ROUGE-L and CIDEr, for the corpus and for each text', () => {
    const { hypotheses, references, ...expected } = golden.text;
    within(bleu(hypotheses, references), expected.bleu);
    within([rougeL(hypotheses, references)], [expected.rougeL]);
    within(rougeLEach(hypotheses, references), expected.rougeL_each);
    within([cider(hypotheses, references)], [expected.cider]);
    within(ciderEach(hypotheses, references), expected.cider_each);
  });

  test('AUC, average precision, F1, accuracy and MCC, with ties', () => {
    const { labels, scores, ...expected } = golden.ranking;
    within([auc(labels, scores), averagePrecision(labels, scores)], [expected.auc, expected.average_precision]);
    const counts = confusion(labels, decide(scores, 0.2));
    within([f1(counts), accuracy(counts), mcc(counts)], [expected.f1_at_0_2, expected.accuracy_at_0_2, expected.mcc_at_0_2]);
  });
});
