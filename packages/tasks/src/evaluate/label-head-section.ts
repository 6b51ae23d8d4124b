// The head of label supervision over a split, checked twice: against the labels that these studies' reports give, which are of the kind that
// trained it, and against truths that its training labels did not make, the studies' own labels or those of Open-I's tags.
import type { Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { columnParts, labelTargets } from '@hybridmed/eval/labeller';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { classificationReport } from '@hybridmed/eval/protocols';
import type { LabelConfig } from '@hybridmed/model';
import type { ModelSession, SessionInfo } from '@hybridmed/model/session';
import { labelsOf, withTruthLabels } from '../labelled-set.ts';
import { truthLabel } from '../truth-labels.ts';
import { answersOf, aucRow } from './auc-rows.ts';
import type { EvaluationReport, Example, ImageLabelRow, LabelHeadRow } from './report.ts';

/** What of a model a head is. */
type HeadModel = Pick<SessionInfo, 'labels' | 'lossParameters'>;

/** Logits of the head by column: a number for each study. */
export type HeadOutputs = Readonly<Partial<Record<string, ArrayLike<number>>>>;

/** What a head adds to the report, and to each study's example. */
export interface LabelHeadSection {
  readonly report: Pick<EvaluationReport, 'imageLabels' | 'labelHead' | 'staleHead'>;
  readonly byStudy: readonly Pick<Example, 'labelHead'>[];
}

/** Whether a model has a head, and the encoder's own vectors for it to read. */
export const hasImageLabels = (model: ModelSession): boolean => model.info.labels !== undefined && model.has('vision');

/** What an evaluation says of a head that the run left behind. */
export const staleHeadNote =
  'stage 2 trained the image encoder on without label supervision, so the label head no longer fits it: its AUCs are of a stale head';

/** The head's outputs of vectors (N, Dv). */
function headOutputs({ labels, lossParameters }: HeadModel, { data, shape }: Vectors): HeadOutputs {
  const [count, width] = shape as [number, number];
  const [weight, bias] = [lossParameters!['lab.weight']!.values, lossParameters!['lab.bias']!.values];
  const logit = (row: number, k: number): number => {
    let sum = bias[k]!;
    for (let j = 0; j < width; j++) sum += data[row * width + j]! * weight[k * width + j]!;
    return sum;
  };
  return Object.fromEntries(labels!.columns.map((column, k) => [column, Array.from({ length: count }, (_, row) => logit(row, k))]));
}

/** Against the labels of the studies' reports, a row for each of the head's; doubtful studies are as in training. */
function imageLabelRows({ columns, doubtful }: LabelConfig, outputs: HeadOutputs, studies: readonly Study[]): readonly ImageLabelRow[] {
  const { values, mask } = labelTargets(studies, columns, doubtful);
  const classes = Object.fromEntries(
    columns.map((column, k): [string, ClassScores] => {
      const labels = studies.map((_, i) => (mask[i * columns.length + k] === 1 ? (values[i * columns.length + k] as 0 | 1) : undefined));
      return [column, { labels, scores: outputs[column]! }];
    }),
  );
  return Object.entries(classificationReport(classes).classes).map(([column, metrics]) => ({ column, ...aucRow(metrics) }));
}

/** The column that answers a class, and its scores: of two columns of its label that of the text which the class is of. */
function answerOf(name: string, outputs: HeadOutputs): { readonly column: string; readonly scores: ArrayLike<number> } | undefined {
  const truth = truthLabel(name);
  const fitting = Object.keys(outputs).filter((column) => truth !== undefined && columnParts(column)?.label === truth.label);
  const column = fitting.find((own) => columnParts(own)!.text === truth!.text) ?? fitting[0];
  if (column === undefined) return undefined;
  const values = outputs[column]!;
  return { column, scores: truth!.less ? Array.from(values, (value) => -value) : values };
}

/**
 * Checks a head's outputs by column against the studies' own labels, or those of Open-I's tags and of what the impression names
 * (`withTruthLabels`). A class that no column answers is left out.
 */
export function truthSection(
  given: readonly Study[],
  outputs: HeadOutputs,
): { readonly rows: readonly LabelHeadRow[]; readonly byStudy: LabelHeadSection['byStudy'] } {
  const studies = given.map((study) => withTruthLabels(study));
  const names = [...new Set(studies.flatMap(({ labels }) => Object.keys(labels ?? {})))];
  const answers = names.flatMap((name) => {
    const answer = answerOf(name, outputs);
    return answer ? [{ name, column: answer.column, labels: labelsOf(studies, name), scores: answer.scores }] : [];
  });
  if (answers.length === 0) return { rows: [], byStudy: studies.map(() => ({})) };
  const classes = Object.fromEntries(answers.map(({ name, labels, scores }): [string, ClassScores] => [name, { labels, scores }]));
  const metrics = classificationReport(classes).classes;
  return {
    rows: answers.map(({ name, column }) => ({ name, column, ...aucRow(metrics[name]!) })),
    byStudy: studies.map((_, i) => ({ labelHead: answersOf(classes, i) })),
  };
}

/** A model's head over studies, from the vectors that the encoder makes of their images, (N, Dv). */
export function labelHeadSection(model: HeadModel, vectors: Vectors, studies: readonly Study[]): LabelHeadSection {
  const labels = model.labels!;
  const outputs = headOutputs(model, vectors);
  const { rows, byStudy } = truthSection(studies, outputs);
  return {
    report: {
      imageLabels: imageLabelRows(labels, outputs, studies),
      ...(rows.length > 0 ? { labelHead: rows } : {}),
      ...(labels.stale ? { staleHead: true } : {}),
    },
    byStudy,
  };
}
