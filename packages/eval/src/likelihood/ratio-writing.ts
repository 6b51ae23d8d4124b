// Writing by likelihood ratio: which of some impressions an image makes likelier than images do at large, with everything chosen on
// validation studies. How the candidates' likelihoods are computed is the caller's.
import { HybridmedError } from '@hybridmed/tensor';
import { bestThreshold } from '../classification/threshold.ts';
import { checkLabels, checkPaired } from '../errors.ts';
import { mean } from '../statistics/mean.ts';
import { ciderEach } from '../text/cider.ts';
import { normalizeForComparison } from '../text/tokens.ts';
import type { Vectors } from '../vectors.ts';
import { sizesOf } from '../vectors.ts';
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

/** Validation studies. */
export interface ValidationLikelihoods {
  /** (studies, candidates), natural logarithms summed over tokens, each study with its own image. */
  readonly logLikelihoods: Vectors;
  /** Whether a study's true impression names a finding. */
  readonly names: readonly (0 | 1 | boolean)[];
  /** The true impressions. */
  readonly impressions: readonly string[];
}

/** What is tried and what makes a weight best; the default is the mean CIDEr of what would be written. */
export interface RatioWritingOptions {
  readonly weights?: readonly number[];
  readonly quality?: (written: readonly string[]) => number;
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

/**
 * What to write for each study, as indices of candidates: the first that names nothing, or, where the naming score is above the
 * threshold, the naming candidate with the greatest log-likelihood less weight times its mean; of equals, the first. Throws for
 * log-likelihoods (studies, candidates) that do not fit the candidates.
 */
export function writeByRatio({ candidates, means, weight, threshold }: RatioWriting, logLikelihoods: Vectors): number[] {
  const scores = namingScores(logLikelihoods, candidates);
  checkPaired('writeByRatio', candidates, means, ['candidates', 'means']);
  const plain = candidates.findIndex(({ names }) => !names);
  const naming = candidates.flatMap(({ names }, i) => (names ? [i] : []));
  return Array.from(scores, (score, study) => {
    if (!(score > threshold)) return plain;
    const ratio = (candidate: number) => logLikelihoods.data[study * candidates.length + candidate]! - weight * means[candidate]!;
    return naming.reduce((best, candidate) => (ratio(candidate) > ratio(best) ? candidate : best));
  });
}

/** The means of each candidate over studies. */
function columnMeans({ data, shape }: Vectors): number[] {
  const [studies, columns] = [shape[0]!, shape[1]!];
  return Array.from({ length: columns }, (_, column) => mean(Array.from({ length: studies }, (_study, study) => data[study * columns + column]!)));
}

const usualWeights = [0, 0.5, 0.7, 0.8, 0.9, 1] as const;

/**
 * Chooses how to write on validation studies: the threshold with the greatest balanced accuracy of naming a finding, then the weight
 * whose impressions have the greatest quality (of equals, the first). Throws where candidates or studies lack those that name a
 * finding or those that do not, where an impression is likelihood 0 for all of a kind, or for lists that do not pair.
 */
export function fitRatioWriting(
  candidates: readonly Candidate[],
  { logLikelihoods, names, impressions }: ValidationLikelihoods,
  { weights = usualWeights, quality }: RatioWritingOptions = {},
): RatioWriting {
  const scores = namingScores(logLikelihoods, candidates);
  const [studies] = sizesOf(logLikelihoods);
  checkPaired('fitRatioWriting', names, { length: studies }, ['labels', 'rows of log-likelihoods']);
  checkPaired('fitRatioWriting', impressions, { length: studies }, ['impressions', 'rows of log-likelihoods']);
  checkLabels('fitRatioWriting', names);
  if (weights.length === 0 || weights.some((weight) => !Number.isFinite(weight)))
    throw new HybridmedError(`fitRatioWriting: weights are [${weights.join(', ')}]; give finite numbers, such as 0 to 1`);
  const threshold = bestThreshold(names, scores, 'youden');
  if (threshold === undefined)
    throw new HybridmedError(
      `fitRatioWriting: ${names.filter(Boolean).length} of ${studies} validation impressions name a finding; give studies of both kinds`,
    );
  const truth = impressions.map(normalizeForComparison);
  const measure = quality ?? ((written) => mean(ciderEach(written.map(normalizeForComparison), truth)));
  const means = columnMeans(logLikelihoods);
  const tried = weights.map((weight) => {
    const writing = { candidates, means, weight, threshold };
    return { writing, value: measure(writeByRatio(writing, logLikelihoods).map((i) => candidates[i]!.text)) };
  });
  return tried.reduce((best, other) => (other.value > best.value ? other : best)).writing;
}
