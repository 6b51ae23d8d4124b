// An evaluation as tables for people. Loaded with the first result: it knows the systems that evaluations compare.
import type { TextSystem } from '@hybridmed/tasks';
import { textSystems } from '@hybridmed/tasks';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import { labelHeadWords, labelSupervised } from '../label-supervised.ts';
import { formatInterval } from './metric-tables.ts';
import { table } from './output.ts';

const digits = (value: number, places = 3): string => (Number.isFinite(value) ? value.toFixed(places) : '-');
const interval = ({ value, low, high }: { value: number; low: number; high: number }, places = 3): string =>
  `${digits(value, places)} (${digits(low, places)} to ${digits(high, places)})`;

/** Rows of a table, one for each system that is there. */
const rowsBySystem = <T>(values: Readonly<Partial<Record<TextSystem, T>>>, cells: (value: T, system: TextSystem) => string[]): string[][] =>
  textSystems.flatMap(({ key, title }) => {
    const value = values[key];
    return value === undefined ? [] : [[title, ...cells(value, key)]];
  });

function textTable({ text, labels }: EvaluationReport): string {
  const rows = rowsBySystem(text, (scores, system) => {
    const stated = labels?.[system];
    return [
      interval(scores.intervals.bleu4),
      interval(scores.intervals.rougeL),
      interval(scores.intervals.cider, 2),
      String(scores.distinct),
      ...(labels ? (stated ? [digits(stated.micro), formatInterval(stated.naming.balancedAccuracy)] : ['-', '-']) : []),
    ];
  });
  return table([['impressions (95 %)', 'BLEU-4', 'ROUGE-L', 'CIDEr', 'distinct', ...(labels ? ['label F1', 'names a finding'] : [])], ...rows]);
}

/** How what is written from the findings compares with the strongest baseline, study by study. */
function consensusLine({ text: { findings } }: EvaluationReport): string[] {
  const { overConsensus } = findings;
  if (!overConsensus) return [];
  const { bleu4, rougeL, cider } = overConsensus;
  return [`from the findings minus the consensus, paired (95 %): BLEU-4 ${interval(bleu4)}, ROUGE-L ${interval(rougeL)}, CIDEr ${interval(cider, 2)}\n`];
}

/** What published networks say of the texts, where they were named. */
function publishedParts({ bertScore, chexbert }: EvaluationReport): string[] {
  const parts: string[] = [];
  if (bertScore)
    parts.push(
      table([
        ['BERTScore (95 %)', 'precision', 'recall', 'F1'],
        ...rowsBySystem(bertScore, ({ precision, recall, f1 }) => [precision, recall, f1].map((value) => interval(value))),
      ]) + `layer ${bertScore.layer} of ${bertScore.depth} of ${bertScore.encoder}, ${bertScore.idf ? 'weighed by idf' : 'without idf'}, not rescaled\n`,
    );
  if (chexbert)
    parts.push(
      table([
        ['CheXbert F1 (95 %)', 'micro, 14', 'macro, 14', 'micro, 5', 'macro, 5'],
        ...rowsBySystem(chexbert, ({ all14, five }) =>
          [all14, five].flatMap(({ intervals }) => [intervals.micro, intervals.macro]).map((value) => interval(value)),
        ),
      ]) + `labels that ${chexbert.labeller} reads in the texts, against those in the true impressions; uncertain counts as present\n`,
    );
  return parts;
}

const ratioLine = ({ candidates, weight, threshold, chosen }: NonNullable<EvaluationReport['likelihoodRatio']>): string =>
  `likelihood ratio: ${candidates.length} candidates, a ${weight}, threshold ${digits(threshold)}, chosen on ${chosen.studies} validation studies (there: naming a finding ${digits(chosen.balancedAccuracy)}, CIDEr ${digits(chosen.cider, 2)} against ${digits(chosen.constantCider, 2)} of the constant sentence)\n`;

const lossLine = ({ losses }: EvaluationReport): string =>
  `losses (nats per study): ${Object.entries(losses)
    .flatMap(([name, value]) => (value === null ? [] : [`${name} ${digits(value)}`]))
    .join(', ')}\n`;

const withoutImagesLine = ({ perToken: { image } }: EvaluationReport): string =>
  `the model was trained without images: texts from images, retrieval and zero-shot classification are left out${image ? `; its image branch, which reads none, has ${interval(image)} nats per token` : ''}\n`;

function normalTable({ sentences, byData, byText }: NonNullable<EvaluationReport['normalLikelihood']>): string {
  const rows = [
    ['normal by the data set', byData],
    ['no finding in the impression', byText],
  ] as const;
  return table([
    [`likelihood of ${sentences.length} normal sentences`, 'AUC (95 %)', 'positive'],
    ...rows.flatMap(([name, row]) => (row ? [[name, formatInterval(row.auc), `${row.positives}/${row.studies}`]] : [])),
  ]);
}

const recallTable = ({ recall, gallery }: NonNullable<EvaluationReport['retrieval']>): string =>
  table([
    ['image to impression', 'recall (95 %)', 'chance'],
    ...Object.entries(recall).map(([name, row]) => [`${name} of ${gallery}`, interval(row), digits(row.chance)]),
  ]);

type AucRow = Pick<EvaluationReport['zeroShot'][number], 'auc' | 'positives' | 'studies' | 'undefined'> & { readonly name: string };

/** A table of AUCs, and the reasons of those that are none; nothing without rows. */
function aucParts(title: string, rows: readonly AucRow[], note?: string): string[] {
  if (rows.length === 0) return [];
  return [
    table([[title, 'AUC (95 %)', 'positive'], ...rows.map((row) => [row.name, formatInterval(row.auc), `${row.positives}/${row.studies}`])]) + (note ?? ''),
    ...rows.flatMap((row) => (row.undefined === undefined ? [] : [`${row.name}: ${row.undefined}\n`])),
  ];
}

const zeroShotParts = ({ zeroShot, imageLabels = [], labelHead = [], staleHead }: EvaluationReport): string[] => [
  ...aucParts(
    'zero-shot',
    zeroShot.filter((row) => !row.supervised),
  ),
  ...aucParts(
    'by prompts',
    zeroShot.filter((row) => row.supervised),
    `${labelSupervised}\n`,
  ),
  ...aucParts(
    'image labels',
    imageLabels.map((row) => ({ ...row, name: row.column })),
    `${labelHeadWords.labels}\n`,
  ),
  ...aucParts(
    'label head',
    labelHead.map((row) => ({ ...row, name: `${row.name} (${row.column})` })),
    `${labelHeadWords.truths}\n`,
  ),
  ...(staleHead ? [`${labelHeadWords.stale}\n`] : []),
];

/** The report as tables for people. */
export function formatEvaluation(report: EvaluationReport): string {
  const { captioning, normalLikelihood, retrieval, labels } = report;
  const parts = [`${report.checkpoint} on ${report.studies} ${report.split} studies of ${report.data}\n`, textTable(report)];
  if (labels)
    parts.push(
      `label F1 is micro, by the rule labeller, against ${labels.source === 'labels' ? "the studies' labels" : 'its labels of the true impressions'}; naming a finding is balanced accuracy\n`,
    );
  if (report.likelihoodRatio) parts.push(ratioLine(report.likelihoodRatio));
  parts.push(...consensusLine(report), ...publishedParts(report), lossLine(report));
  if (report.withoutImages) parts.push(withoutImagesLine(report));
  if (captioning)
    parts.push(
      `captioning: ${digits(captioning.perToken)} nats per token with the study's image, ${digits(captioning.shuffledPerToken)} with another patient's (mean of ${captioning.draws} shuffles); the difference per study is ${interval(captioning.perStudy)}\n`,
    );
  if (normalLikelihood) parts.push(normalTable(normalLikelihood));
  if (retrieval) parts.push(recallTable(retrieval));
  return [...parts, ...zeroShotParts(report)].join('\n');
}
