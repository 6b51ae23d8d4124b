// Whether texts name a finding where there is one: the balanced accuracy of that one decision, which a constant text cannot raise.
import { checkLabels, checkPaired } from '../errors.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import type { Labels } from './auc.ts';
import { confusion } from './classification.ts';

/** Agreement of naming any finding. */
export interface NamingAgreement {
  /** Fraction of the texts that name one. */
  readonly rate: number;
  /** Mean of sensitivity and specificity, 0.5 for a constant text; null where the studies are of one kind. */
  readonly balancedAccuracy: Interval | null;
}

function balancedAccuracy(labels: Labels, decisions: Labels): number {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = confusion(labels, decisions);
  return (truePositives / (truePositives + falseNegatives) + trueNegatives / (trueNegatives + falsePositives)) / 2;
}

/**
 * Balanced accuracy, with its interval over studies, of whether texts name a finding: a label is 1 for a study that has one, a decision 1
 * for a text that names one. Resamples of one kind are left out. Throws for lists of different length, or a label that is not binary.
 */
export function namingAgreement(labels: Labels, decisions: Labels, options?: BootstrapOptions): NamingAgreement {
  checkPaired('namingAgreement', labels, decisions, ['labels', 'decisions']);
  for (const of of [labels, decisions]) checkLabels('namingAgreement', of);
  const [truth, named] = [Array.from(labels, Boolean), Array.from(decisions, Boolean)];
  const rate = named.filter(Boolean).length / named.length;
  if (!truth.includes(true) || !truth.includes(false)) return { rate, balancedAccuracy: null };
  const interval = bootstrap(
    truth.length,
    (indices) =>
      balancedAccuracy(
        Array.from(indices, (i) => truth[i]!),
        Array.from(indices, (i) => named[i]!),
      ),
    options,
  );
  return { rate, balancedAccuracy: interval };
}
