// Agreement of label sets with intervals over studies: F1 over all labels and of each, and how often every label agrees.
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrapAll } from '../statistics/bootstrap.ts';
import type { LabelF1 } from './classification.ts';
import { f1, labelF1 } from './classification.ts';

/** A label set: presence by label; one that it lacks is absent. */
export type LabelSet = Readonly<Partial<Record<string, boolean | 0 | 1>>>;

/** Agreement of two label sets a study. */
export interface LabelAgreement extends LabelF1 {
  readonly intervals: { readonly micro: Interval; readonly macro: Interval };
  /** Studies whose true set has the label. */
  readonly support: Readonly<Record<string, number>>;
  /** Fraction of studies with all labels equal. */
  readonly exactMatch: number;
}

/** Micro and macro F1 over resampled studies, from counts computed once. */
function intervalsOf(truth: readonly LabelSet[], stated: readonly LabelSet[], labels: readonly string[], options?: BootstrapOptions) {
  const tables = labels.map((label) => truth.map((own, i) => (own[label] ? 2 : 0) + (stated[i]![label] ? 1 : 0)));
  const [micro, macro] = bootstrapAll(
    truth.length,
    (indices) => {
      const sum = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
      let each = 0;
      for (const table of tables) {
        const counts = [0, 0, 0, 0];
        for (const i of indices) counts[table[i]!]!++;
        const own = { trueNegatives: counts[0]!, falsePositives: counts[1]!, falseNegatives: counts[2]!, truePositives: counts[3]! };
        each += f1(own);
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += own[key];
      }
      return [f1(sum), each / tables.length];
    },
    options,
  );
  return { micro: micro!, macro: macro! };
}

/**
 * Agreement of label sets, study by study: `labelF1` with intervals over studies, the support of each label and the fraction of studies
 * with all of the labels right. Throws for lists of different length, or no labels.
 */
export function labelAgreementOf(
  truth: readonly LabelSet[],
  stated: readonly LabelSet[],
  labels: readonly string[],
  options?: BootstrapOptions,
): LabelAgreement {
  const figures = labelF1(truth as readonly Record<string, 0 | 1>[], stated as readonly Record<string, 0 | 1>[], labels);
  const equal = truth.filter((own, i) => labels.every((label) => Boolean(own[label]) === Boolean(stated[i]![label]))).length;
  return {
    ...figures,
    intervals: intervalsOf(truth, stated, labels, options),
    support: Object.fromEntries(labels.map((label) => [label, truth.filter((own) => own[label]).length])),
    exactMatch: equal / truth.length,
  };
}
