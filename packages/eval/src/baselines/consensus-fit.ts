// Choosing how to write by consensus on validation studies: what gains most in CIDEr and BLEU-4 over a baseline.
import { checkPaired } from '../errors.ts';
import type { TextScores } from '../text/scores.ts';
import { textScores } from '../text/scores.ts';
import type { ConsensusEvidence, ConsensusWriting } from './consensus-writing.ts';
import { consensusScores } from './consensus-writing.ts';

/** Validation studies: what is known of each, the true impressions, and what a baseline writes. */
export interface ValidationEvidence {
  readonly evidence: readonly ConsensusEvidence[];
  readonly impressions: readonly string[];
  readonly baseline: readonly string[];
}

/** Scores on the validation studies that chose. */
export interface ConsensusFigures {
  readonly written: TextScores;
  readonly baseline: TextScores;
}

const tried = { k: [10, 20, 40], power: [4, 6, 8], hypotheses: [0, 0.25, 0.5], likelihood: [0, 0.02, 0.05, 0.1] } as const;

/** Every combination of what is tried, in order: of equals the first is chosen. */
const writings: readonly ConsensusWriting[] = tried.k.flatMap((k) =>
  tried.power.flatMap((power) => tried.hypotheses.flatMap((hypotheses) => tried.likelihood.map((likelihood) => ({ k, power, hypotheses, likelihood })))),
);

/**
 * Of the writings tried the one with the greatest sum of CIDEr and BLEU-4, each as a multiple of the baseline's, so that neither is bought
 * with the other at any price; a baseline of 0 counts as 1. Throws for lists that do not pair.
 */
export function fitConsensusWriting({ evidence, impressions, baseline }: ValidationEvidence): {
  readonly writing: ConsensusWriting;
  readonly figures: ConsensusFigures;
} {
  checkPaired('fitConsensusWriting', evidence, impressions, ['studies', 'impressions']);
  checkPaired('fitConsensusWriting', baseline, impressions, ['baseline texts', 'impressions']);
  const ofBaseline = textScores(baseline, impressions);
  const gain = ({ cider, bleu4 }: TextScores) => cider / (ofBaseline.cider || 1) + bleu4 / (ofBaseline.bleu4 || 1);
  const fitted = writings.map((writing) => {
    const texts = evidence.map((study) => study.texts[consensusScores(study, writing)[0]!.text]!);
    return { writing, written: textScores(texts, impressions) };
  });
  const { writing, written } = fitted.reduce((best, other) => (gain(other.written) > gain(best.written) ? other : best));
  return { writing, figures: { written, baseline: ofBaseline } };
}
