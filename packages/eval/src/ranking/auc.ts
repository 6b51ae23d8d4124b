// Area under the ROC curve, and average precision, of scores against binary labels.
import { checkLabels, checkPaired, checkScores } from '../errors.ts';

/** Binary labels, one for each study: 1 or true where positive. */
export type Labels = ArrayLike<number | boolean>;

/** Indices of scores, greatest first. */
export const byScore = (scores: ArrayLike<number>): number[] => Array.from({ length: scores.length }, (_, i) => i).toSorted((a, b) => scores[b]! - scores[a]!);

function check(metric: string, labels: Labels, scores: ArrayLike<number>): void {
  checkPaired(metric, labels, scores, ['labels', 'scores']);
  checkLabels(metric, labels);
  checkScores(metric, scores);
}

/**
 * Probability that a positive scores above a negative, ties counting half (Mann-Whitney). NaN where a class is missing: there is
 * nothing to rank. Throws for lists of different length, a label that is not binary, or a score that is not a number.
 */
export function auc(labels: Labels, scores: ArrayLike<number>): number {
  check('auc', labels, scores);
  const order = byScore(scores);
  let [above, wins, negatives] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    let [positive, negative] = [0, 0];
    const score = scores[order[i]!];
    for (; i < order.length && scores[order[i]!] === score; i++) {
      if (labels[order[i]!]) positive++;
      else negative++;
    }
    wins += negative * (above + positive / 2);
    above += positive;
    negatives += negative;
  }
  return above === 0 || negatives === 0 ? Number.NaN : wins / (above * negatives);
}

/**
 * Average precision: the sum over thresholds of precision times the recall gained, tied scores entering together. NaN without
 * positives. Throws as `auc` does.
 */
export function averagePrecision(labels: Labels, scores: ArrayLike<number>): number {
  check('averagePrecision', labels, scores);
  const order = byScore(scores);
  const positives = Array.from(labels).filter(Boolean).length;
  let [ranked, hits, total] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    const score = scores[order[i]!];
    const before = hits;
    for (; i < order.length && scores[order[i]!] === score; i++) {
      ranked++;
      if (labels[order[i]!]) hits++;
    }
    total += ((hits - before) / positives) * (hits / ranked);
  }
  return positives === 0 ? Number.NaN : total;
}
