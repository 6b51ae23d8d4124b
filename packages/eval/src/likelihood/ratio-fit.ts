// Choosing weight and threshold of writing by likelihood ratio on validation studies: naming findings as well as may be at a bounded price in CIDEr.
import { HybridmedError } from '@hybridmed/tensor';
import { checkLabels, checkPaired } from '../errors.ts';
import type { Labels } from '../ranking/auc.ts';
import { byScore } from '../ranking/auc.ts';
import { mean } from '../statistics/mean.ts';
import { ciderEach } from '../text/cider.ts';
import { normalizeForComparison } from '../text/tokens.ts';
import type { Vectors } from '../vectors.ts';
import { sizesOf } from '../vectors.ts';
import type { Candidate, RatioWriting } from './ratio-writing.ts';
import { namingScores, rankNaming } from './ratio-writing.ts';

/** Validation studies. */
export interface ValidationLikelihoods {
  /** (studies, candidates), natural logarithms summed over tokens, each study with its own image. */
  readonly logLikelihoods: Vectors;
  /** Whether a study's true impression names a finding. */
  readonly names: readonly (0 | 1 | boolean)[];
  /** The true impressions. */
  readonly impressions: readonly string[];
}

/** What is tried, and what CIDEr may cost. */
export interface RatioWritingOptions {
  /** Weights of the means, from the first to the last: of equals the first is chosen. */
  readonly weights?: readonly number[];
  /** The mean CIDEr of what is written must be at least this fraction of that of the constant sentence: 0.9. */
  readonly ciderFraction?: number;
}

/** What a writing reaches on the validation studies that chose it. */
export interface RatioFigures {
  /** Mean of sensitivity and specificity of naming a finding; 0.5 where none is named. */
  readonly balancedAccuracy: number;
  readonly cider: number;
  /** CIDEr of the candidate that names nothing, for every study. */
  readonly constantCider: number;
}

/** The means of each candidate over studies. */
function columnMeans({ data, shape }: Vectors): number[] {
  const [studies, columns] = [shape[0]!, shape[1]!];
  return Array.from({ length: columns }, (_, column) => mean(Array.from({ length: studies }, (_study, study) => data[study * columns + column]!)));
}

const usualWeights = [0, 0.5, 0.7, 0.8, 0.9, 1] as const;

function checkOptions({ weights = usualWeights, ciderFraction = 0.9 }: RatioWritingOptions): Required<RatioWritingOptions> {
  if (weights.length === 0 || weights.some((weight) => !Number.isFinite(weight)))
    throw new HybridmedError(`fitRatioWriting: weights are [${weights.join(', ')}]; give finite numbers, such as 0 to 1`);
  if (!(ciderFraction >= 0 && ciderFraction <= 1))
    throw new HybridmedError(`fitRatioWriting: ciderFraction is ${ciderFraction}; give a fraction of the constant sentence's CIDEr, 0 to 1`);
  return { weights, ciderFraction };
}

/** Means over validation studies. Throws where a candidate has probability 0 for one of them. */
function finiteMeans(candidates: readonly Candidate[], logLikelihoods: Vectors): number[] {
  const means = columnMeans(logLikelihoods);
  const bad = means.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new HybridmedError(`fitRatioWriting: a validation study gives "${candidates[bad]!.text}" the probability 0; leave that candidate out`);
  return means;
}

/** A writing that is possible, and what it reaches. */
interface Fitted {
  readonly weight: number;
  readonly threshold: number;
  readonly balancedAccuracy: number;
  readonly cider: number;
}

/**
 * Every threshold of one weight, from the one above all scores, which names nothing, down: thresholds are half-way between neighbouring
 * scores. `gains` is what each study's CIDEr gains by its naming candidate over the constant sentence, whose mean is `constant`.
 */
function fittedAt(weight: number, scores: Float64Array, names: Labels, gains: readonly number[], constant: number): Fitted[] {
  const order = byScore(scores);
  const positives = order.filter((study) => names[study]).length;
  const first = scores[order[0]!]!;
  const fitted: Fitted[] = [{ weight, threshold: first + Math.max(1e-9, Math.abs(first) * 1e-9), balancedAccuracy: 0.5, cider: constant }];
  let [sensitive, specific, gain] = [0, order.length - positives, 0];
  order.forEach((study, at) => {
    if (names[study]) sensitive++;
    else specific--;
    gain += gains[study]!;
    const [score, next] = [scores[study]!, scores[order[at + 1]!]];
    if (next === score) return;
    const threshold = next === undefined ? score - Math.max(1e-9, Math.abs(score) * 1e-9) : (score + next) / 2;
    const balancedAccuracy = (sensitive / positives + specific / (order.length - positives)) / 2;
    fitted.push({ weight, threshold, balancedAccuracy, cider: constant + gain / order.length });
  });
  return fitted;
}

const isBetter = (a: Fitted, b: Fitted): boolean => a.balancedAccuracy > b.balancedAccuracy || (a.balancedAccuracy === b.balancedAccuracy && a.cider > b.cider);

/**
 * Chooses how to write on validation studies: of all weights and thresholds whose impressions have a mean CIDEr of at least
 * `ciderFraction` times that of the constant sentence (the first candidate that names nothing), those with the greatest balanced accuracy
 * of naming a finding; of equals, the greatest CIDEr, then the first weight and the greatest threshold. Where none may be named at that
 * price, the threshold is above every score and the balanced accuracy 0.5. Throws where candidates or studies lack those that name a
 * finding or those that do not, where an image gives a candidate the probability 0, or for lists that do not pair.
 */
export function fitRatioWriting(
  candidates: readonly Candidate[],
  { logLikelihoods, names, impressions }: ValidationLikelihoods,
  options: RatioWritingOptions = {},
): { readonly writing: RatioWriting; readonly figures: RatioFigures } {
  const scores = namingScores(logLikelihoods, candidates);
  const [studies] = sizesOf(logLikelihoods);
  checkPaired('fitRatioWriting', names, { length: studies }, ['labels', 'rows of log-likelihoods']);
  checkPaired('fitRatioWriting', impressions, { length: studies }, ['impressions', 'rows of log-likelihoods']);
  checkLabels('fitRatioWriting', names);
  const { weights, ciderFraction } = checkOptions(options);
  const naming = names.filter(Boolean).length;
  if (naming === 0 || naming === studies)
    throw new HybridmedError(`fitRatioWriting: ${naming} of ${studies} validation impressions name a finding; give studies of both kinds`);
  const means = finiteMeans(candidates, logLikelihoods);
  const truth = impressions.map(normalizeForComparison);
  const ciders = (texts: readonly string[]) => ciderEach(texts.map(normalizeForComparison), truth);
  const plain = ciders(truth.map(() => candidates.find((candidate) => !candidate.names)!.text));
  const constantCider = mean(plain);
  const fitted = weights.flatMap((weight) => {
    const best = truth.map((_, study) => rankNaming({ candidates, means, weight }, logLikelihoods, study)[0]!.candidate);
    const gains = ciders(best.map((candidate) => candidates[candidate]!.text)).map((value, study) => value - plain[study]!);
    return fittedAt(weight, scores, names, gains, constantCider);
  });
  // The first names nothing, whose CIDEr is the constant sentence's own.
  const { weight, threshold, ...reached } = fitted
    .filter(({ cider }) => cider >= ciderFraction * constantCider)
    .reduce((best, other) => (isBetter(other, best) ? other : best));
  return { writing: { candidates, means, weight, threshold }, figures: { ...reached, constantCider } };
}
