// The threshold that a validation split sets; the test split only meets it.
import { HybridmedError } from '@hybridmed/tensor';
import { checkLabels, checkPaired, checkScores } from '../errors.ts';
import type { Labels } from '../ranking/auc.ts';
import { byScore } from '../ranking/auc.ts';
import type { Confusion } from '../ranking/classification.ts';
import { f1, mcc } from '../ranking/classification.ts';

/** What a threshold makes best. */
export type ThresholdRule = 'f1' | 'mcc' | 'youden';

const youden = ({ truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn }: Confusion): number => tp / (tp + fn) - fp / (fp + tn);
const rules: Readonly<Record<ThresholdRule, (counts: Confusion) => number>> = { f1, mcc, youden };

/**
 * The threshold t for which the decisions `score > t` have the greatest F1 (or Matthews correlation, or Youden's J) on these studies,
 * which must be validation studies: half-way between two neighbouring scores; of equals, the greatest t. Undefined where the studies
 * lack positives or negatives. Throws for lists of different length, labels that are not binary, or scores that are not numbers.
 */
export function bestThreshold(labels: Labels, scores: ArrayLike<number>, rule: ThresholdRule = 'f1'): number | undefined {
  checkPaired('bestThreshold', labels, scores, ['labels', 'scores']);
  checkLabels('bestThreshold', labels);
  checkScores('bestThreshold', scores);
  const figure = rules[rule];
  if (!figure) throw new HybridmedError(`bestThreshold: "${String(rule)}" is no rule; give f1, mcc or youden`);
  const order = byScore(scores);
  const positives = order.filter((i) => labels[i]).length;
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let [truePositives, falsePositives] = [0, 0];
  let best: { value: number; threshold: number } | undefined;
  order.forEach((study, at) => {
    if (labels[study]) truePositives++;
    else falsePositives++;
    const [score, next] = [scores[study]!, scores[order[at + 1]!]];
    if (next === score) return;
    const value = figure({ truePositives, falsePositives, falseNegatives: positives - truePositives, trueNegatives: negatives - falsePositives });
    if (!best || value > best.value) best = { value, threshold: next === undefined ? below(score) : (score + next) / 2 };
  });
  return best!.threshold;
}

/** A number a little below the least score: everything is called positive. */
const below = (score: number): number => score - Math.max(1e-9, Math.abs(score) * 1e-9);
