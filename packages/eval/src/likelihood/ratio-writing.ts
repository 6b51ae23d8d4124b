// Writing by likelihood ratio: which of some impressions an image makes likelier than images do at large. How the candidates'
// likelihoods are computed is the caller's; weight and threshold are chosen by ratio-fit.ts.
import { HybridmedError } from '@hybridmed/tensor';
import { checkPaired } from '../errors.ts';
import type { Vectors } from '../vectors.ts';
import { checkLogLikelihoods, logSumExp } from './log-likelihoods.ts';

/** An impression that may be written, and whether it names a finding. */
export interface Candidate {
  readonly text: string;
  readonly names: boolean;
}

/** How to write, as plain JSON: what validation studies chose. */
export interface RatioWriting {
  /** The first that names nothing is written where the threshold says so. */
  readonly candidates: readonly Candidate[];
  /** Mean over validation studies of each candidate's log-likelihood. */
  readonly means: readonly number[];
  /** What multiplies the means. */
  readonly weight: number;
  /** A finding is named where log P(candidates that name one) - log P(the others) is above this. */
  readonly threshold: number;
}

/** One candidate, by its index, with its log-likelihood less weight times its mean. */
export interface RatioScore {
  readonly candidate: number;
  readonly score: number;
}

/** What is written for one study. */
export interface RatioChoice extends RatioScore {
  /** log P(candidates that name a finding) - log P(the others). */
  readonly namingScore: number;
  /** Whether it is above the threshold: a finding is named. */
  readonly names: boolean;
  /** The other candidates that name a finding, the best first; of equals, the first. */
  readonly others: readonly RatioScore[];
}

/** log P(candidates that name a finding) - log P(the others) of each study: the more, the likelier is a finding. */
export function namingScores(logLikelihoods: Vectors, candidates: readonly Candidate[]): Float64Array {
  checkLogLikelihoods('namingScores', logLikelihoods, candidates.length);
  checkCandidates(candidates);
  const naming = logSumExp(logLikelihoods, (i) => candidates[i]!.names);
  const others = logSumExp(logLikelihoods, (i) => !candidates[i]!.names);
  return naming.map((value, i) => value - others[i]!);
}

function checkCandidates(candidates: readonly Candidate[]): void {
  const naming = candidates.filter(({ names }) => names).length;
  if (naming === 0 || naming === candidates.length)
    throw new HybridmedError(`ratio writing: ${naming} of ${candidates.length} candidates name a finding; give some that do and some that do not`);
}

/** The naming candidates of a study, the best first; of equals, the first. */
export function rankNaming({ candidates, means, weight }: Omit<RatioWriting, 'threshold'>, { data }: Vectors, study: number): RatioScore[] {
  const scores = candidates.flatMap(({ names }, candidate) =>
    names ? [{ candidate, score: data[study * candidates.length + candidate]! - weight * means[candidate]! }] : [],
  );
  return scores.toSorted((a, b) => b.score - a.score);
}

/**
 * What to write for each study: the first candidate that names nothing, or, where the naming score is above the threshold, the naming
 * candidate with the greatest log-likelihood less weight times its mean; of equals, the first. Throws for log-likelihoods
 * (studies, candidates) that do not fit the candidates.
 */
export function chooseByRatio(writing: RatioWriting, logLikelihoods: Vectors): RatioChoice[] {
  const { candidates, means, weight, threshold } = writing;
  const scores = namingScores(logLikelihoods, candidates);
  checkPaired('chooseByRatio', candidates, means, ['candidates', 'means']);
  const plain = candidates.findIndex(({ names }) => !names);
  return Array.from(scores, (namingScore, study) => {
    const ranked = rankNaming(writing, logLikelihoods, study);
    const score = logLikelihoods.data[study * candidates.length + plain]! - weight * means[plain]!;
    if (!(namingScore > threshold)) return { candidate: plain, score, namingScore, names: false, others: ranked };
    const [best, ...others] = ranked as [RatioScore, ...RatioScore[]];
    return { ...best, namingScore, names: true, others };
  });
}
