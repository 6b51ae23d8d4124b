// Agreement of decisions with binary labels: counts, accuracy, F1, Matthews correlation.
import { HybridmedError } from '@hybridmed/tensor';
import { checkLabels, checkPaired, checkScores } from '../errors.ts';
import type { Labels } from './auc.ts';

/** How often decisions and labels met. */
export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Counts agreement. Throws for no studies, lists of different length, or a label that is not binary. */
export function confusion(labels: Labels, decisions: Labels): Confusion {
  checkPaired('confusion', labels, decisions, ['labels', 'decisions']);
  checkLabels('confusion', labels);
  checkLabels('confusion', decisions);
  const counts = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (let i = 0; i < labels.length; i++)
    counts[labels[i] ? (decisions[i] ? 'truePositives' : 'falseNegatives') : decisions[i] ? 'falsePositives' : 'trueNegatives']++;
  return counts;
}

/** Decisions: true where a score is above the threshold, which validation data must set. Throws for a score that is not a number. */
export function decide(scores: ArrayLike<number>, threshold: number): boolean[] {
  checkScores('decide', scores);
  return Array.from(scores, (score) => score > threshold);
}

/** F1 = 2 TP / (2 TP + FP + FN); 0 where nothing is positive and nothing was called so. */
export function f1({ truePositives, falsePositives, falseNegatives }: Confusion): number {
  const all = 2 * truePositives + falsePositives + falseNegatives;
  return all === 0 ? 0 : (2 * truePositives) / all;
}

/** Fraction of decisions that are right, in [0, 1]. */
export function accuracy({ truePositives, falsePositives, falseNegatives, trueNegatives }: Confusion): number {
  return (truePositives + trueNegatives) / (truePositives + falsePositives + falseNegatives + trueNegatives);
}

/** Matthews correlation in [-1, 1] [Matthews 1975]; 0 where labels or decisions are all of one class. */
export function mcc({ truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn }: Confusion): number {
  const product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
  return product === 0 ? 0 : (tp * tn - fp * fn) / Math.sqrt(product);
}

/** F1 over all labels of all studies (micro) and the mean of each label's F1 (macro). */
export interface LabelF1 {
  readonly micro: number;
  readonly macro: number;
  readonly perLabel: Readonly<Record<string, number>>;
}

/**
 * F1 of label sets, a record of label to presence for each study; a label that a record lacks is absent. Throws for lists of
 * different length, or no labels.
 */
export function labelF1(
  truth: readonly Readonly<Record<string, boolean | 0 | 1>>[],
  named: readonly Readonly<Record<string, boolean | 0 | 1>>[],
  labels: readonly string[],
): LabelF1 {
  checkPaired('labelF1', truth, named, ['studies', 'label sets']);
  if (labels.length === 0) throw new HybridmedError('labelF1: no labels; name those to compare');
  const sum = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  const perLabel: Record<string, number> = {};
  for (const label of labels) {
    const counts = confusion(
      truth.map((set) => Boolean(set[label])),
      named.map((set) => Boolean(set[label])),
    );
    for (const key of Object.keys(sum) as (keyof Confusion)[]) sum[key] += counts[key];
    perLabel[label] = f1(counts);
  }
  return { micro: f1(sum), macro: Object.values(perLabel).reduce((a, b) => a + b, 0) / labels.length, perLabel };
}
