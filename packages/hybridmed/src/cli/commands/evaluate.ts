// `hybridmed evaluate`: a checkpoint's figures on a held-out split, beside baselines.
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import { shownInterval } from '../figures.ts';
import type { DeviceFlags, ModuleFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, precisionOption, textModuleOption, threadsOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';
import type { SelectFlags } from '../select-options.ts';
import { addSelectOptions, selectOptions } from '../select-options.ts';

interface Flags extends SelectFlags, DeviceFlags, ModuleFlags {
  checkpoint: string;
  data: string;
  split: 'train' | 'validate' | 'test';
  limit: number;
  json: boolean;
}

const digits = (value: number, places = 3): string => (Number.isFinite(value) ? value.toFixed(places) : '-');
const interval = ({ value, low, high }: { value: number; low: number; high: number }, places = 3): string =>
  `${digits(value, places)} (${digits(low, places)} to ${digits(high, places)})`;

/** The report as tables for people. */
export function formatEvaluation(report: EvaluationReport): string {
  const { text, losses, captioning, retrieval, zeroShot, labels } = report;
  const named = {
    'from the image': text.image,
    'from the findings': text.findings,
    'most frequent impression': text.mostFrequent,
    'nearest findings (tf-idf)': text.nearestFindings,
  };
  const f1s: Record<string, number | undefined> = {
    'from the image': labels?.image?.micro,
    'from the findings': labels?.findings?.micro,
    'most frequent impression': labels?.mostFrequent.micro,
    'nearest findings (tf-idf)': labels?.nearestFindings.micro,
  };
  const rows = Object.entries(named).flatMap(([name, scores]) =>
    scores
      ? [
          [
            name,
            interval(scores.intervals.bleu4),
            interval(scores.intervals.rougeL),
            interval(scores.intervals.cider, 2),
            String(scores.distinct),
            ...(labels ? [f1s[name] === undefined ? '-' : digits(f1s[name])] : []),
          ],
        ]
      : [],
  );
  const parts = [
    `${report.checkpoint} on ${report.studies} ${report.split} studies of ${report.data}\n`,
    table([['impressions (95 %)', 'BLEU-4', 'ROUGE-L', 'CIDEr', 'distinct', ...(labels ? ['label F1'] : [])], ...rows]),
    ...(labels
      ? [`label F1 is micro, by the rule labeller, against ${labels.source === 'labels' ? "the studies' labels" : 'what it reads in the true impressions'}\n`]
      : []),
  ];
  const shownLosses = Object.entries(losses).flatMap(([name, value]) => (value === null ? [] : [`${name} ${digits(value)}`]));
  parts.push(`losses (nats per study): ${shownLosses.join(', ')}\n`);
  if (captioning)
    parts.push(`captioning: ${digits(captioning.perToken)} nats per token with the study's film, ${digits(captioning.shuffledPerToken)} with another's\n`);
  if (retrieval)
    parts.push(
      table([
        ['image to impression', 'recall (95 %)', 'chance'],
        ...Object.entries(retrieval.recall).map(([k, row]) => [`${k} of ${retrieval.gallery}`, interval(row), digits(row.chance)]),
      ]),
    );
  if (zeroShot.length > 0)
    parts.push(
      table([['zero-shot', 'AUC (95 %)', 'positive'], ...zeroShot.map((row) => [row.name, shownInterval(row.auc), `${row.positives}/${row.studies}`])]),
      ...zeroShot.flatMap((row) => (row.undefined === undefined ? [] : [`${row.name}: ${row.undefined}, so that it has no AUC\n`])),
    );
  return parts.join('\n');
}

/** Adds the command. */
export function addEvaluate(program: Command, output: Output): void {
  const command = program.command('evaluate').description('evaluate a checkpoint on a split: texts compared with baselines, retrieval, zero-shot, losses');
  addSelectOptions(command)
    .requiredOption('--checkpoint <dir>', "checkpoint, a run's --out folder, or an exported folder")
    .requiredOption('--data <spec>', 'data set as name:path')
    .addOption(new Option('--split <name>', 'which split').choices(['train', 'validate', 'test']).default('test'))
    .option('--limit <n>', 'maximum number of studies; 0 for all', integer(0), 0)
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(jsonOption())
    .action(async ({ device: name, threads, precision, json, vision, text, checkpoint, data, split, limit, ...select }: Flags) => {
      const [{ evaluate }, { openDevice }] = await Promise.all([import('@hybridmed/tasks/node'), import('@hybridmed/runtime/device')]);
      const { device } = await openDevice(name!, { ...(threads === undefined ? {} : { threads }), ...(precision ? { precision } : {}) });
      const report = await evaluate({
        checkpoint,
        data,
        split,
        limit,
        select: selectOptions(select),
        ...(threads === undefined ? {} : { threads }),
        encoders: { vision, text },
        device,
        onMessage: (line) => output.log(line),
      });
      if (json) printJson(output, report);
      else output.result(formatEvaluation(report));
      await device.close();
    });
}
