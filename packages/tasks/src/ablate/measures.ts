// The measures that compare runs: statistics of an evaluation over any choice of its studies.
import { auc, ciderEach, f1, normalizeForComparison, rougeLEach } from '@hybridmed/eval';
import type { EvaluationReport, Example } from '../evaluate/report.ts';

/** A figure of runs. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  readonly better: 'lower' | 'higher';
}

/** The figures, in the order of the table. */
export const measures: readonly Measure[] = [
  { name: 'caption', title: 'L_Cap per token', better: 'lower' },
  { name: 'summary', title: 'L_Sum per token', better: 'lower' },
  { name: 'imageGain', title: 'nats the right image saves', better: 'higher' },
  { name: 'cider', title: 'CIDEr from the image', better: 'higher' },
  { name: 'rougeL', title: 'ROUGE-L from the image', better: 'higher' },
  { name: 'labelF1', title: 'label F1 from the image', better: 'higher' },
  { name: 'recall10', title: 'R@10', better: 'higher' },
  { name: 'zeroShot', title: 'mean zero-shot AUC', better: 'higher' },
];

/** A statistic over studies by index; NaN where it has none. */
type Statistic = (indices: Int32Array) => number;

const mean =
  (values: readonly number[]): Statistic =>
  (indices) =>
    indices.reduce((sum, i) => sum + values[i]!, 0) / indices.length;

const ratio = (over: readonly number[], under: readonly number[]): Statistic => {
  const [a, b] = [mean(over), mean(under)];
  return (indices) => a(indices) / b(indices);
};

/** Micro F1 of the labels that impressions written from images name. */
function labelStatistic(examples: readonly Example[]): Statistic {
  const counts = examples.map(({ labels }) => {
    const [truth, stated] = [new Set(labels!.truth), labels!.image!];
    const truePositives = stated.filter((name) => truth.has(name)).length;
    return { truePositives, falsePositives: stated.length - truePositives, falseNegatives: truth.size - truePositives, trueNegatives: 0 };
  });
  return (indices) => {
    const sum = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
    for (const i of indices) for (const key of ['truePositives', 'falsePositives', 'falseNegatives'] as const) sum[key] += counts[i]![key];
    return f1(sum);
  };
}

/** Mean AUC over the questions that have one. */
function zeroShotStatistic(examples: readonly Example[]): Statistic {
  const names = [...new Set(examples.flatMap(({ zeroShot }) => Object.keys(zeroShot ?? {})))];
  return (indices) => {
    let [sum, count] = [0, 0];
    for (const name of names) {
      const answers = Array.from(indices, (i) => examples[i]!.zeroShot?.[name]).filter((answer) => answer !== undefined);
      const value =
        answers.length === 0
          ? Number.NaN
          : auc(
              answers.map(({ truth }) => truth),
              answers.map(({ score }) => score),
            );
      if (!Number.isNaN(value)) [sum, count] = [sum + value, count + 1];
    }
    return count === 0 ? Number.NaN : sum / count;
  };
}

/** Each measure of one evaluation, by name; those that the evaluation does not have are left out. */
export function statisticsOf({ examples }: EvaluationReport): Record<string, Statistic> {
  const tokens = examples.map(({ loss }) => loss.tokens);
  const nats = (pick: (loss: Example['loss']) => number) => examples.map(({ loss }) => pick(loss));
  const statistics: Record<string, Statistic> = {
    summary: ratio(
      nats(({ findings }) => findings),
      tokens,
    ),
  };
  if (!examples.every(({ image, loss }) => image !== undefined && loss.image !== undefined && loss.mismatchedImage !== undefined)) return statistics;
  const [texts, truth] = [examples.map(({ image }) => normalizeForComparison(image!)), examples.map((example) => normalizeForComparison(example.truth))];
  return {
    ...statistics,
    caption: ratio(
      nats(({ image }) => image!),
      tokens,
    ),
    imageGain: ratio(
      nats(({ image, mismatchedImage }) => mismatchedImage! - image!),
      tokens,
    ),
    cider: mean(ciderEach(texts, truth)),
    rougeL: mean(rougeLEach(texts, truth)),
    ...(examples.every(({ labels }) => labels?.image) ? { labelF1: labelStatistic(examples) } : {}),
    ...(examples.every(({ rank }) => rank !== undefined) ? { recall10: mean(examples.map(({ rank }) => (rank! <= 10 ? 1 : 0))) } : {}),
    ...(examples.some(({ zeroShot }) => Object.keys(zeroShot ?? {}).length > 0) ? { zeroShot: zeroShotStatistic(examples) } : {}),
  };
}
