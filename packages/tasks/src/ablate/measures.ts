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
  { name: 'captionNats', title: 'L_Cap, nats per study', better: 'lower' },
  { name: 'summary', title: 'L_Sum per token', better: 'lower' },
  { name: 'imageGain', title: 'nats the right image saves', better: 'higher' },
  { name: 'gap', title: 'gap to other images, nats per study', better: 'higher' },
  { name: 'normalAuc', title: 'AUC of the likelihood of normal sentences', better: 'higher' },
  { name: 'cider', title: 'CIDEr from the image', better: 'higher' },
  { name: 'rougeL', title: 'ROUGE-L from the image', better: 'higher' },
  { name: 'labelF1', title: 'label F1 from the image', better: 'higher' },
  { name: 'recall10', title: 'R@10', better: 'higher' },
  { name: 'zeroShot', title: 'mean zero-shot AUC', better: 'higher' },
  { name: 'labelHead', title: 'mean AUC of the label head', better: 'higher' },
];

/** A statistic over studies by index; NaN where it has none. */
export type Statistic = (indices: Int32Array) => number;

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

/** What studies answer, by question: the truth, and a score. */
type Answers = Readonly<Record<string, { readonly truth: 0 | 1; readonly score: number }>>;

const questionsOf = (answers: readonly (Answers | undefined)[]): string[] => [...new Set(answers.flatMap((of) => Object.keys(of ?? {})))];

/** AUC of one question over the studies that answer it; NaN where they are of one kind. */
const questionAuc =
  (answers: readonly (Answers | undefined)[], name: string): Statistic =>
  (indices) => {
    const given = Array.from(indices, (i) => answers[i]?.[name]).filter((answer) => answer !== undefined);
    if (given.length === 0) return Number.NaN;
    return auc(
      given.map(({ truth }) => truth),
      given.map(({ score }) => score),
    );
  };

/** Mean AUC over the questions that have one. */
function meanAuc(answers: readonly (Answers | undefined)[]): Statistic {
  const aucs = questionsOf(answers).map((name) => questionAuc(answers, name));
  return (indices) => meanOf(aucs.map((statistic) => statistic(indices)).filter((value) => !Number.isNaN(value)));
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const has = (answers: readonly (Answers | undefined)[]): boolean => questionsOf(answers).length > 0;

/** AUC of each study's likelihood of normal sentences: for normal by the data set where that says so, else by the impressions. */
function normalStatistic(examples: readonly Example[]): Statistic | undefined {
  if (!examples.every(({ normalSentences }) => normalSentences)) return undefined;
  const known = examples.every(({ normalSentences }) => normalSentences!.byData !== undefined);
  const answers = examples.map(({ normalSentences: own }) => ({ normal: { truth: known ? own!.byData! : own!.byText, score: own!.score } }));
  return questionAuc(answers, 'normal');
}

/** Nats per study that a paired test compares: L_Cap, and the gap to other patients' images; those that an evaluation has. */
export function natsByStudy({ examples }: EvaluationReport): Readonly<Partial<Record<'captionNats' | 'gap', readonly number[]>>> {
  const losses = examples.map(({ loss }) => loss);
  if (losses.some(({ image }) => image === undefined)) return {};
  const captionNats = losses.map(({ image }) => image!);
  if (losses.some(({ mismatchedImage }) => mismatchedImage === undefined)) return { captionNats };
  return { captionNats, gap: losses.map(({ image, mismatchedImage }) => mismatchedImage! - image!) };
}

/** Measures of an evaluation's texts from images. */
function textStatistics(examples: readonly Example[]): Record<string, Statistic> {
  if (examples.some(({ image }) => image === undefined)) return {};
  const [texts, truth] = [examples.map(({ image }) => normalizeForComparison(image!)), examples.map((example) => normalizeForComparison(example.truth))];
  return {
    cider: mean(ciderEach(texts, truth)),
    rougeL: mean(rougeLEach(texts, truth)),
    ...(examples.every(({ labels }) => labels?.image) ? { labelF1: labelStatistic(examples) } : {}),
  };
}

/** Each measure of one evaluation, by name; those that the evaluation does not have are left out. */
export function statisticsOf(evaluation: EvaluationReport): Record<string, Statistic> {
  const { examples } = evaluation;
  const tokens = examples.map(({ loss }) => loss.tokens);
  const findings = examples.map(({ loss }) => loss.findings);
  const { captionNats, gap } = natsByStudy(evaluation);
  const [zeroShot, head] = [examples.map((example) => example.zeroShot), examples.map((example) => example.labelHead)];
  const normal = normalStatistic(examples);
  return {
    summary: ratio(findings, tokens),
    ...(captionNats ? { caption: ratio(captionNats, tokens), captionNats: mean(captionNats) } : {}),
    ...(gap ? { imageGain: ratio(gap, tokens), gap: mean(gap) } : {}),
    ...(normal ? { normalAuc: normal } : {}),
    ...textStatistics(examples),
    ...(examples.every(({ rank }) => rank !== undefined) ? { recall10: mean(examples.map(({ rank }) => (rank! <= 10 ? 1 : 0))) } : {}),
    ...(has(zeroShot) ? { zeroShot: meanAuc(zeroShot) } : {}),
    ...(has(head) ? { labelHead: meanAuc(head) } : {}),
  };
}

/** Measures of an evaluation's questions one by one, beside `measures`: prompted AUCs, and those of the head that images were trained by. */
export function questionMeasures({ examples }: EvaluationReport): { readonly measure: Measure; readonly statistic: Statistic }[] {
  const kinds = [
    ['prompted AUC', examples.map(({ zeroShot }) => zeroShot)],
    ['AUC of the label head', examples.map(({ labelHead }) => labelHead)],
  ] as const;
  return kinds.flatMap(([title, answers]) =>
    questionsOf(answers).map((name) => ({
      measure: { name: `${title}: ${name}`, title: `${title}: ${name}`, better: 'higher' as const },
      statistic: questionAuc(answers, name),
    })),
  );
}
