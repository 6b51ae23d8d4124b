// What the outputs of a label head say of truths that its training labels did not make: AUC by label, and each study's answers.
import type { Study } from '@hybridmed/data';
import type { ImageLabel } from '@hybridmed/eval/labeller';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { classificationReport } from '@hybridmed/eval/protocols';
import { namesFinding, withTruthLabels } from '../labelled-set.ts';
import type { Example, ZeroShotRow } from './report.ts';

/** The head's output that answers a truth of Open-I's tags or of the impression; where `less`, a low output means a present truth. */
const outputOfTruth: Readonly<Record<string, { readonly label: ImageLabel; readonly less?: true }>> = {
  effusion: { label: 'Pleural Effusion' },
  emphysema: { label: 'Emphysema' },
  cardiomegaly: { label: 'Cardiomegaly' },
  [namesFinding]: { label: 'No Finding', less: true },
};

/** What a label head adds to a report, and to each study's example. */
export interface LabelHeadSection {
  readonly rows: readonly ZeroShotRow[];
  readonly byStudy: readonly Pick<Example, 'labelHead'>[];
}

/** Each study's scores of a truth, from the head's outputs; undefined where it has no output for it. */
function scoresOf(name: string, outputs: Readonly<Partial<Record<string, ArrayLike<number>>>>): Float64Array | undefined {
  const { label, less } = outputOfTruth[name] ?? { label: name };
  const values = outputs[label];
  return values && Float64Array.from(values, (value) => (less ? -value : value));
}

/**
 * Checks a head's outputs (logits or probabilities, a number for each study) by label against the studies' own labels, or those of Open-I's
 * tags and of what the impression names (`withTruthLabels`). A truth that no output answers is left out.
 */
export function labelHeadSection(studies: readonly Study[], outputs: Readonly<Partial<Record<string, ArrayLike<number>>>>): LabelHeadSection {
  const truths = studies.map((study) => withTruthLabels(study).labels ?? {});
  const names = [...new Set(truths.flatMap((labels) => Object.keys(labels)))];
  const classes: Record<string, ClassScores> = {};
  for (const name of names) {
    const scores = scoresOf(name, outputs);
    if (scores) classes[name] = { labels: truths.map((labels) => labels[name]), scores };
  }
  if (Object.keys(classes).length === 0) return { rows: [], byStudy: studies.map(() => ({})) };
  const rows = Object.entries(classificationReport(classes).classes).map(([name, { positives, studies: labelled, auc, undefined: reason }]): ZeroShotRow => {
    return { name, positives, studies: labelled, auc, ...(auc === null && reason !== undefined ? { undefined: reason } : {}) };
  });
  const byStudy = studies.map((_, i) => ({
    labelHead: Object.fromEntries(
      Object.entries(classes).flatMap(([name, { labels, scores }]) => (labels[i] === undefined ? [] : [[name, { truth: labels[i], score: scores[i]! }]])),
    ),
  }));
  return { rows, byStudy };
}
