// The head of label supervision over a split: how well it tells the labels that the studies' reports give, label by label.
import type { Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { labelTargets } from '@hybridmed/eval/labeller';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { classificationReport } from '@hybridmed/eval/protocols';
import type { LossParameter } from '@hybridmed/model';
import type { ModelSession, SessionInfo } from '@hybridmed/model/session';
import type { ImageLabelRow } from './report.ts';

/** Whether a model has a head, and the encoder's own vectors for it to read. */
export const hasImageLabels = (model: ModelSession): boolean => model.info.labels !== undefined && model.has('vision');

/** Logits of label `k` by the head: of each vector (N, Dv). */
function logitsOf({ data, shape }: Vectors, weight: LossParameter, bias: LossParameter, k: number): number[] {
  const [count, width] = shape as [number, number];
  return Array.from({ length: count }, (_, i) => {
    let sum = bias.values[k]!;
    for (let j = 0; j < width; j++) sum += data[i * width + j]! * weight.values[k * width + j]!;
    return sum;
  });
}

/** A row for each label; doubtful studies are as in training. `vectors` are those that the encoder makes of the studies' images, (N, Dv). */
export function imageLabelRows(info: Pick<SessionInfo, 'labels' | 'lossParameters'>, vectors: Vectors, studies: readonly Study[]): readonly ImageLabelRow[] {
  const { columns, doubtful } = info.labels!;
  const { values, mask } = labelTargets(studies, columns, doubtful);
  const [weight, bias] = [info.lossParameters!['lab.weight']!, info.lossParameters!['lab.bias']!];
  const classes = Object.fromEntries(
    columns.map((column, k): [string, ClassScores] => {
      const labels = studies.map((_, i) => {
        const at = i * columns.length + k;
        return mask[at] === 1 ? (values[at] as 0 | 1) : undefined;
      });
      return [column, { labels, scores: logitsOf(vectors, weight, bias, k) }];
    }),
  );
  return Object.entries(classificationReport(classes).classes).map(([column, { positives, studies: counted, auc, undefined: reason }]) => ({
    column,
    positives,
    studies: counted,
    auc,
    ...(auc === null && reason !== undefined ? { undefined: reason } : {}),
  }));
}
