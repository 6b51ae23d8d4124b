// `hybridmed zeroshot`: classification by prompts, without training on labels.
import type { ZeroShotReport } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { EncoderFlags } from '../encoder-options.ts';
import { addEncoderOptions, withEncoder } from '../encoder-options.ts';
import { classificationTable, formatInterval } from '../metric-tables.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';
import type { SelectFlags } from '../select-options.ts';
import { addSelectOptions, selectOptions } from '../select-options.ts';

interface Flags extends EncoderFlags, SelectFlags {
  data: string;
  prompts?: string;
  split: 'train' | 'validate' | 'test';
  score: 'difference' | 'softmax';
  threshold: 'f1' | 'mcc' | 'youden';
}

function formatReport(report: ZeroShotReport): string {
  const { exclusive, threshold } = report;
  return [
    `${report.checkpoint} on ${report.studies} ${report.split} studies of ${report.data}; thresholds: best ${threshold.rule} on ${threshold.studies} validation studies\n`,
    classificationTable(report),
    ...(exclusive
      ? [
          `best of ${exclusive.classes.length} classes, ${exclusive.studies} studies positive for exactly one: accuracy ${formatInterval(exclusive.accuracy)}, chance ${exclusive.chance.toFixed(3)}\n`,
        ]
      : []),
  ].join('');
}

/** Adds the command. */
export function addZeroShot(program: Command, output: Output): void {
  const command = addEncoderOptions(program.command('zeroshot').description('classify radiographs by prompts: AUC, average precision, F1, accuracy, MCC'))
    .requiredOption('--data <spec>', 'labelled data set as name:path')
    .option(
      '--prompts <name|file>',
      'chexpert, rsna, openi, phantom, or a JSON file {"CLASS": {"positive": [...], "negative": [...]}} (default: shipped sets of the labels)',
    )
    .addOption(new Option('--split <name>', 'which split').choices(['train', 'validate', 'test']).default('test'))
    .addOption(new Option('--score <kind>', 'score of a pair of prompts').choices(['difference', 'softmax']).default('difference'))
    .addOption(new Option('--threshold <rule>', 'metric that the validation thresholds maximize').choices(['f1', 'mcc', 'youden']).default('f1'));
  addSelectOptions(command).action(async (flags: Flags) => {
    const { zeroShot } = await import('@hybridmed/tasks/node');
    const report = await withEncoder(flags, output, (options) =>
      zeroShot({
        ...options,
        data: flags.data,
        prompts: flags.prompts,
        split: flags.split,
        select: selectOptions(flags),
        score: flags.score,
        rule: flags.threshold,
      }),
    );
    printResult(output, flags, report, formatReport);
  });
}
