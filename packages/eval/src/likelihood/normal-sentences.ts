// Whether a model finds normal impressions likelier for normal studies: the AUC of their likelihood, which asks nothing of decoding.
import { checkLabels, checkPaired } from '../errors.ts';
import { auc } from '../ranking/auc.ts';
import type { Labels } from '../ranking/auc.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import type { Vectors } from '../vectors.ts';
import { checkLogLikelihoods, logSumExp } from './log-likelihoods.ts';

/** The AUC of a likelihood. */
export interface LikelihoodAuc {
  readonly studies: number;
  readonly positives: number;
  /** Null where all studies are of one kind, with the reason in `undefined`. */
  readonly auc: Interval | null;
  readonly undefined?: string;
}

/** Log of the probability that a model gives to any of some sentences, by study: log-likelihoods are (studies, sentences). Throws for what is none. */
export function sentenceScores(logLikelihoods: Vectors): Float64Array {
  checkLogLikelihoods('sentenceScores', logLikelihoods);
  return Float64Array.from(logSumExp(logLikelihoods));
}

/**
 * AUC with its interval, over studies, of the probability that a model gives to any of some sentences: `logLikelihoods` is
 * (studies, sentences), natural logarithms summed over tokens, each study with its own image; the sentences are such as the ten most
 * frequent impressions of normal training studies (`commonestTexts`). A label is 1 for a normal study. A model that does not use the image
 * gives every study the same and scores 0.5. Throws for lists that do not pair, or what is no log-likelihood or label.
 */
export function likelihoodAuc(labels: Labels, logLikelihoods: Vectors, options?: BootstrapOptions): LikelihoodAuc {
  checkLogLikelihoods('likelihoodAuc', logLikelihoods);
  const scores = logSumExp(logLikelihoods);
  checkPaired('likelihoodAuc', labels, scores, ['labels', 'rows of log-likelihoods']);
  checkLabels('likelihoodAuc', labels);
  const studies = labels.length;
  const positives = Array.from(labels).filter(Boolean).length;
  if (positives === 0 || positives === studies)
    return { studies, positives, auc: null, undefined: positives === 0 ? `none of the ${studies} studies is positive` : `all ${studies} studies are positive` };
  const interval = bootstrap(
    studies,
    (indices) =>
      auc(
        Array.from(indices, (i) => labels[i]!),
        Array.from(indices, (i) => scores[i]!),
      ),
    options,
  );
  return { studies, positives, auc: interval };
}
