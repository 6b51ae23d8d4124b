// `hybridmed probe` and `hybridmed finetune`: classification with fractions of the labels.
import type { ProtocolResult } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { EncoderFlags } from '../encoder-options.ts';
import { addEncoderOptions, withEncoder } from '../encoder-options.ts';
import { formatInterval } from '../metric-tables.ts';
import { integer, number, positive } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';
import type { SelectFlags } from '../select-options.ts';
import { addSelectOptions, selectOptions } from '../select-options.ts';

interface Flags extends EncoderFlags, SelectFlags {
  data: string;
  out: string;
  classes?: string[];
  percent: number[];
  seeds: number[];
  classWeights: 'none' | 'balanced';
  threshold: 'f1' | 'mcc' | 'youden';
}

interface FinetuneFlags extends Flags {
  fromScratch: boolean;
  epochs: number;
  batch: number;
  learningRate?: number[];
  weightDecay: number;
  layerDecay: number;
  patience: number;
}

const list =
  <T>(parse: (text: string) => T) =>
  (text: string): T[] =>
    text.split(',').map((part) => parse(part.trim()));

function percentage(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError('Give percentages above 0 and up to 100, such as 1,10,100.');
  return value;
}

function className(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give names of labels, such as "Edema,Pleural Effusion".');
  return text;
}

function addProtocolOptions(command: Command): Command {
  return addSelectOptions(
    addEncoderOptions(command)
      .requiredOption('--data <spec>', 'labelled data set as name:path')
      .requiredOption('--out <dir>', 'folder for subsets, scores and results; the test split is read once')
      .option('--classes <names>', 'labels to learn, separated by commas (default: all)', list(className))
      .option('--percent <list>', 'percentages of the training labels, as nested subsets', list(percentage), [1, 10, 100])
      .option('--seeds <list>', 'seeds of subsets and fits', list(integer(0)), [0, 1, 2])
      .addOption(
        new Option('--class-weights <kind>', 'balanced: positives and negatives of a class have equal weight').choices(['none', 'balanced']).default('none'),
      )
      .addOption(new Option('--threshold <rule>', 'metric that the validation thresholds maximize').choices(['f1', 'mcc', 'youden']).default('f1')),
  );
}

/** Results as tables: a line per percentage of the labels, and each class at each percentage. */
function formatResult({ classes, studies, shares, runs }: ProtocolResult, out: string): string {
  const rows = shares.map(({ percent, meanAuc, seeds }) => {
    const aucs = seeds.filter((value) => value !== null);
    const spread = aucs.length > 0 ? `${Math.min(...aucs).toFixed(3)} to ${Math.max(...aucs).toFixed(3)}` : '';
    return [`${percent} %`, String(runs.find((run) => run.percent === percent)!.trainStudies), formatInterval(meanAuc), spread];
  });
  const byClass = classes.map((name) => [
    name,
    ...shares.map(({ percent }) => {
      const values = runs.filter((run) => run.percent === percent).flatMap((run) => run.test.classes[name]?.auc?.value ?? []);
      return values.length === 0 ? 'undefined' : (values.reduce((a, b) => a + b, 0) / values.length).toFixed(3);
    }),
  ]);
  const notes = new Set(
    runs.flatMap((run) =>
      Object.entries(run.test.classes).flatMap(([name, row]) => (row.undefined && !run.untrained.includes(name) ? [`${name}: ${row.undefined}\n`] : [])),
    ),
  );
  return [
    `${studies.train} training, ${studies.validate} validation, ${studies.test} test studies\n`,
    table([['labels', 'studies', 'mean AUC (95 %)', 'seeds'], ...rows]),
    '\n',
    table([['AUC', ...shares.map(({ percent }) => `${percent} %`)], ...byClass]),
    ...notes,
    `\nresults: ${out}\n`,
  ].join('');
}

/** Adds both commands. */
export function addProbeAndFinetune(program: Command, output: Output): void {
  const common = (flags: Flags) => ({
    data: flags.data,
    out: flags.out,
    select: selectOptions(flags),
    classes: flags.classes,
    percent: flags.percent,
    seeds: flags.seeds,
    classWeights: flags.classWeights,
    rule: flags.threshold,
  });
  const print = (flags: Flags, result: ProtocolResult) => printResult(output, flags, result, () => formatResult(result, flags.out));
  addProtocolOptions(program.command('probe').description('linear probe on frozen features, with 1, 10 and 100 % of the labels')).action(
    async (flags: Flags) => {
      const { probe } = await import('@hybridmed/tasks/node');
      print(flags, await withEncoder(flags, output, (options) => probe({ ...options, ...common(flags) })));
    },
  );
  addProtocolOptions(program.command('finetune').description('fine-tune the image encoder for classification, with 1, 10 and 100 % of the labels'))
    .option('--from-scratch', "initialize the checkpoint's architecture at random instead of loading its parameters", false)
    .option('--epochs <n>', 'maximum number of passes over a subset (at least 400 steps)', integer(1), 30)
    .option('--batch <n>', 'studies per step', integer(1), 32)
    .option('--learning-rate <list>', "peak learning rates; the best on the validation split is used (default: the preset's)", list(positive()))
    .option('--weight-decay <x>', 'decoupled weight decay', number(0), 0.05)
    .option('--layer-decay <x>', "factor between the learning rates of the encoder's neighbouring layers", positive(1), 1)
    .option('--patience <n>', 'validations without improvement before a fit ends; 0 for never', integer(0), 5)
    .action(async (flags: FinetuneFlags) => {
      const { finetune } = await import('@hybridmed/tasks/node');
      const { fromScratch, epochs, batch, learningRate, weightDecay, layerDecay, patience } = flags;
      const result = await withEncoder(flags, output, ({ cache: _cache, ...options }) =>
        finetune({ ...options, ...common(flags), fromScratch, epochs, batch, learningRates: learningRate, weightDecay, layerDecay, patience }),
      );
      print(flags, result);
    });
}
