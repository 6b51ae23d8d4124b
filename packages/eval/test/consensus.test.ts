// Writing by consensus: near studies by phrases, scores against hand-computed ones, and what validation studies choose.
import { textScores } from '@hybridmed/eval';
import type { ConsensusEvidence } from '@hybridmed/eval/generation';
import { consensusScores, fitConsensusWriting, nearestByPhrases } from '@hybridmed/eval/generation';
import { describe, expect, test } from 'vitest';

const evidence: ConsensusEvidence = {
  texts: ['no acute disease', 'no acute process', 'large effusion'],
  neighbours: [
    { text: 2, similarity: 0.8 },
    { text: 0, similarity: 0.5 },
    { text: 0, similarity: 0.5 },
  ],
  hypotheses: [
    { text: 1, logLikelihood: -1 },
    { text: 2, logLikelihood: -1 - Math.log(3) },
  ],
  logLikelihoods: [-1, -0.5, -3],
};
const plain = { k: 3, power: 1, hypotheses: 0, likelihood: 0 };

describe('consensusScores', () => {
  test('is the weighed mean of ROUGE-L to near impressions, those alone without hypotheses', () => {
    const scores = consensusScores(evidence, plain);
    expect(scores.map(({ text }) => text)).toEqual([0, 2]);
    // Weights 0.8 and 0.5 + 0.5 of 1.8; the texts share no word.
    expect(scores[0]!.score).toBeCloseTo(1 / 1.8, 12);
    expect(scores[1]!.score).toBeCloseTo(0.8 / 1.8, 12);
  });

  test('takes k studies, and weighs by the power of their similarity', () => {
    expect(consensusScores(evidence, { ...plain, k: 1 })).toEqual([{ text: 2, score: 1 }]);
    const [best] = consensusScores(evidence, { ...plain, power: 2 });
    expect(best!.text).toBe(2);
    expect(best!.score).toBeCloseTo(0.64 / 1.14, 12);
  });

  test('counts hypotheses by probability, as voters and as texts', () => {
    const scores = new Map(consensusScores(evidence, { ...plain, hypotheses: 1 }).map(({ text, score }) => [text, score]));
    // Near: 0.8/1.8 and 1/1.8; hypotheses 0.75 and 0.25; "no acute disease" and "no acute process" share two of three words.
    expect(scores.get(0)).toBeCloseTo((1 / 1.8 + (0.75 * 2) / 3) / 2, 12);
    expect(scores.get(1)).toBeCloseTo((0.75 + (2 / 3) * (1 / 1.8)) / 2, 12);
    expect(scores.get(2)).toBeCloseTo((0.8 / 1.8 + 0.25) / 2, 12);
  });

  test('adds the weighed log-likelihood per token', () => {
    const [best, other] = consensusScores(evidence, { ...plain, power: 2, likelihood: 0.1 });
    expect(best).toEqual({ text: 0, score: expect.closeTo(0.5 / 1.14 - 0.1, 12) });
    expect(other).toEqual({ text: 2, score: expect.closeTo(0.64 / 1.14 - 0.3, 12) });
  });

  test('leaves findings without a near study to the model, and prefers the nearest of equals', () => {
    expect(consensusScores({ ...evidence, neighbours: [] }, plain)[0]!.text).toBe(1);
    const equal = { texts: ['a b', 'c d'], neighbours: [0, 1].map((text) => ({ text, similarity: 0.5 })), hypotheses: [], logLikelihoods: [0, 0] };
    expect(consensusScores(equal, plain)[0]!.text).toBe(0);
  });

  test('refuses what does not fit', () => {
    expect(() => consensusScores({ ...evidence, logLikelihoods: [0] }, plain)).toThrow('1 log-likelihoods of 3 texts');
    expect(() => consensusScores({ texts: [], neighbours: [], hypotheses: [], logLikelihoods: [] }, plain)).toThrow('no texts to choose among');
  });
});

describe('nearestByPhrases', () => {
  test('tells texts of the same words by their order', () => {
    const near = nearestByPhrases(['effusion no pneumothorax', 'no effusion pneumothorax', 'scar']);
    expect(near('no effusion seen', 3).map(({ index }) => index)).toEqual([1, 0]);
    expect(near('no effusion pneumothorax', 1)).toEqual([{ index: 1, similarity: expect.closeTo(1, 12) }]);
  });
});

describe('fitConsensusWriting', () => {
  test('chooses the likelihood where it alone finds the true impression', () => {
    const truths = ['mild cardiomegaly is seen here', 'right pleural effusion is seen here', 'the lungs are clear and well'];
    const studies = truths.map((truth): ConsensusEvidence => ({
      texts: ['something else was said today', truth],
      neighbours: [
        { text: 0, similarity: 0.51 },
        { text: 1, similarity: 0.5 },
      ],
      hypotheses: [],
      logLikelihoods: [-20, -0.1],
    }));
    const baseline = truths.map(() => 'something else was said today');
    const { writing, figures } = fitConsensusWriting({ evidence: studies, impressions: truths, baseline });
    expect(writing.likelihood).toBeGreaterThan(0);
    expect(figures).toEqual({ written: textScores(truths, truths), baseline: textScores(baseline, truths) });
    expect(() => fitConsensusWriting({ evidence: studies, impressions: truths.slice(1), baseline })).toThrow(/3 studies.*2 impressions/);
  });
});
