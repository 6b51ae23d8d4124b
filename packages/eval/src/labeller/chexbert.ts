// CheXbert's labels [Smit et al. 2020]: what the heads of its BERT say, and the F1 over all fourteen and over five that tables report.
import { HybridmedError } from '@hybridmed/tensor';
import type { LabelAgreement } from '../ranking/label-agreement.ts';
import { labelAgreementOf } from '../ranking/label-agreement.ts';
import type { BootstrapOptions } from '../statistics/bootstrap.ts';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';
import type { ReportLabel } from './labels.ts';
import { mentionedLabels } from './labels.ts';

/** The labels in the order of CheXbert's heads: "No Finding" is the last. */
export const chexbertLabels: readonly ReportLabel[] = [...mentionedLabels, 'No Finding'];

/** The five that are compared most. */
export const chexbertFive = ['Cardiomegaly', 'Edema', 'Consolidation', 'Atelectasis', 'Pleural Effusion'] as const satisfies readonly ReportLabel[];

/** What a head says of a label, by class; that of "No Finding" only has the first two. */
export const chexbertClasses = ['blank', 'positive', 'negative', 'uncertain'] as const;

/** Number of classes of each head. */
export const chexbertHeads: readonly number[] = chexbertLabels.map((label) => (label === 'No Finding' ? 2 : chexbertClasses.length));

/**
 * The class of each label (texts, 14) from the heads' logits side by side, (texts, 54): the largest, of equals the first. Throws for
 * another shape, or logits that are not numbers.
 */
export function chexbertPredictions(logits: Vectors): number[][] {
  const [texts, width] = sizesOf(logits);
  const due = chexbertHeads.reduce((a, b) => a + b, 0);
  if (logits.shape.length !== 2 || !isFilled(logits) || width !== due)
    throw new HybridmedError(`chexbertPredictions: logits have shape [${logits.shape.join(', ')}] and ${logits.data.length} values; give (texts, ${due})`);
  const bad = logits.data.findIndex((value) => Number.isNaN(value));
  if (bad >= 0) throw new HybridmedError(`chexbertPredictions: logit ${bad} is not a number; mend what computes it`);
  return Array.from({ length: texts }, (_, text) => {
    let at = text * width;
    return chexbertHeads.map((classes) => {
      const own = Array.from(logits.data.subarray(at, (at += classes)));
      return own.indexOf(Math.max(...own));
    });
  });
}

/** Classes of one text as label sets: 1 where positive, and where uncertain unless `uncertain` is 0. f1chexbert counts uncertain as 1. */
export function chexbertLabelSet(classes: readonly number[], { uncertain = 1 }: { readonly uncertain?: 0 | 1 } = {}): Record<ReportLabel, 0 | 1> {
  if (classes.length !== chexbertLabels.length)
    throw new HybridmedError(`chexbertLabelSet: ${classes.length} classes; give one for each of the ${chexbertLabels.length} labels`);
  const value = (of: number): 0 | 1 => (of === 1 ? 1 : of === 3 ? uncertain : 0);
  return Object.fromEntries(chexbertLabels.map((label, i) => [label, value(classes[i]!)])) as Record<ReportLabel, 0 | 1>;
}

/** Agreement over all fourteen labels, and over the five. */
export interface ChexbertAgreement {
  readonly all14: LabelAgreement;
  readonly five: LabelAgreement;
}

/**
 * Agreement of two lists of texts by their label sets, pair by pair, as f1chexbert counts: a label's F1 over all pairs, micro over labels
 * and pairs, macro the plain mean of the labels' F1, where a label that neither side ever has counts 0. Throws for lists of different length.
 */
export function chexbertAgreement(
  truth: readonly Readonly<Record<ReportLabel, 0 | 1>>[],
  stated: readonly Readonly<Record<ReportLabel, 0 | 1>>[],
  options?: BootstrapOptions,
): ChexbertAgreement {
  return { all14: labelAgreementOf(truth, stated, chexbertLabels, options), five: labelAgreementOf(truth, stated, chexbertFive, options) };
}
