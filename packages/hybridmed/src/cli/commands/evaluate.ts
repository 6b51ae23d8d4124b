// `hybridmed evaluate`: metrics of a checkpoint on a held-out split, compared with baselines.
import type { EvaluationReport } from '@hybridmed/tasks/node';
import { option, string } from '@hybridmed/training/settings';
import { defineCommand } from '../define-command.ts';
import { formatInterval } from '../metric-tables.ts';
import { selectionOptions, selectOptions } from '../options/data-selection.ts';
import { deviceOptions, jsonOption, limitOption, modelHelp, moduleOptions, precisionOption, splitOption } from '../options/shared.ts';
import { printResult, table } from '../output.ts';

const digits = (value: number, places = 3): string => (Number.isFinite(value) ? value.toFixed(places) : '-');
const interval = ({ value, low, high }: { value: number; low: number; high: number }, places = 3): string =>
  `${digits(value, places)} (${digits(low, places)} to ${digits(high, places)})`;

/** Names of the systems whose impressions are compared. */
const systems = [
  ['image', 'from the image'],
  ['findings', 'from the findings'],
  ['mostFrequent', 'most frequent impression'],
  ['nearestFindings', 'nearest findings (tf-idf)'],
] as const;

function textTable({ text, labels }: EvaluationReport): string {
  const rows = systems.flatMap(([system, name]) => {
    const scores = text[system];
    if (!scores) return [];
    const labelF1 = labels?.[system]?.micro;
    return [
      [
        name,
        interval(scores.intervals.bleu4),
        interval(scores.intervals.rougeL),
        interval(scores.intervals.cider, 2),
        String(scores.distinct),
        ...(labels ? [labelF1 === undefined ? '-' : digits(labelF1)] : []),
      ],
    ];
  });
  return table([['impressions (95 %)', 'BLEU-4', 'ROUGE-L', 'CIDEr', 'distinct', ...(labels ? ['label F1'] : [])], ...rows]);
}

const lossLine = ({ losses }: EvaluationReport): string =>
  `losses (nats per study): ${Object.entries(losses)
    .flatMap(([name, value]) => (value === null ? [] : [`${name} ${digits(value)}`]))
    .join(', ')}\n`;

const recallTable = ({ recall, gallery }: NonNullable<EvaluationReport['retrieval']>): string =>
  table([
    ['image to impression', 'recall (95 %)', 'chance'],
    ...Object.entries(recall).map(([name, row]) => [`${name} of ${gallery}`, interval(row), digits(row.chance)]),
  ]);

function zeroShotParts({ zeroShot }: EvaluationReport): string[] {
  if (zeroShot.length === 0) return [];
  return [
    table([['zero-shot', 'AUC (95 %)', 'positive'], ...zeroShot.map((row) => [row.name, formatInterval(row.auc), `${row.positives}/${row.studies}`])]),
    ...zeroShot.flatMap((row) => (row.undefined === undefined ? [] : [`${row.name}: ${row.undefined}, so that it has no AUC\n`])),
  ];
}

/** The report as tables for people. */
export function formatEvaluation(report: EvaluationReport): string {
  const { captioning, retrieval, labels } = report;
  const parts = [`${report.checkpoint} on ${report.studies} ${report.split} studies of ${report.data}\n`, textTable(report)];
  if (labels)
    parts.push(
      `label F1 is micro, by the rule labeller, against ${labels.source === 'labels' ? "the studies' labels" : 'its labels of the true impressions'}\n`,
    );
  parts.push(lossLine(report));
  if (captioning)
    parts.push(
      `captioning: ${digits(captioning.perToken)} nats per token with the study's image, ${digits(captioning.shuffledPerToken)} with another study's\n`,
    );
  if (retrieval) parts.push(recallTable(retrieval));
  return [...parts, ...zeroShotParts(report)].join('\n');
}

/** The command. */
export const evaluate = defineCommand({
  name: 'evaluate',
  description: 'evaluate a checkpoint on a split: texts compared with baselines, retrieval, zero-shot, losses',
  options: {
    ...selectionOptions,
    checkpoint: option({ value: string(), argument: 'dir', help: modelHelp, required: true }),
    data: option({ value: string(), argument: 'spec', help: 'data set as name:path', required: true }),
    ...splitOption,
    ...limitOption,
    ...moduleOptions,
    ...deviceOptions,
    ...precisionOption,
    ...jsonOption,
  },
  async run({ values, output, openDevice }) {
    const { checkpoint, data, split, limit, threads, vision, text: textModule } = values;
    const tasks = await import('@hybridmed/tasks/node');
    const report = await tasks.evaluate({
      checkpoint,
      data,
      split,
      limit,
      select: selectOptions(values),
      ...(threads === undefined ? {} : { threads }),
      encoders: { vision, text: textModule },
      device: await openDevice(),
      onMessage: (line) => output.log(line),
    });
    printResult(output, values, report, formatEvaluation);
  },
});
