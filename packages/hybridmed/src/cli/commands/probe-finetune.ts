// `hybridmed probe` and `hybridmed finetune`: classification with fractions of the labels.
import type { ProtocolResult } from '@hybridmed/tasks/node';
import type { Values } from '@hybridmed/training/options';
import { choice, commaList, integer, number, option, publishedName, string, toggle } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { calibrationByClass, calibrationTable, formatInterval } from '../metric-tables.ts';
import { selectionOptions, selectOptions } from '../options/data-selection.ts';
import { checkpointOption, featureOptions, withFeatures } from '../options/model.ts';
import { thresholdOption } from '../options/shared.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';
import type { StoppableOptions } from '../stop-signals.ts';
import { stoppable } from '../stop-signals.ts';

const protocolOptions = {
  ...featureOptions,
  vision: option({
    value: string(),
    argument: 'encoder',
    help: "hf:DIR, hf:FILE or hf://org/name: published weights in place of the values of the checkpoint's vision encoder, as the run began with; or the encoder's module, if it was trained with one",
  }),
  data: option({ value: string(), argument: 'spec', help: 'labelled data set as name:path', required: true }),
  out: option({ value: string(), argument: 'dir', help: 'folder for subsets, scores and results; the test split is read once', required: true }),
  classes: option({ value: commaList(string()), argument: 'names', help: 'labels to learn, separated by commas', defaultWords: 'all' }),
  percent: option({
    value: commaList(number({ above: 0, max: 100 })),
    argument: 'list',
    help: 'percentages of the training labels, as nested subsets',
    default: [1, 10, 100],
  }),
  seeds: option({ value: commaList(integer(0)), argument: 'list', help: 'seeds of subsets and fits', default: [0, 1, 2] }),
  classWeights: option({
    value: choice(['none', 'balanced']),
    argument: 'kind',
    help: 'balanced: positives and negatives of a class have equal weight',
    default: 'none',
  }),
  ...thresholdOption,
  ...selectionOptions,
};

type ProtocolValues = Values<typeof protocolOptions>;

/** The values as options of both protocols. */
const protocol = (values: ProtocolValues) => ({
  data: values.data,
  out: values.out,
  select: selectOptions(values),
  classes: values.classes,
  percent: values.percent,
  seeds: values.seeds,
  classWeights: values.classWeights,
  rule: values.threshold,
});

/** The command's context with what --vision names: published weights, or a module. */
function withVision<C extends { readonly values: { readonly vision?: string | undefined } }>(context: C): C {
  const { vision } = context.values;
  if (vision === undefined || publishedName(vision) === undefined) return context;
  return { ...context, values: { ...context.values, vision: undefined, publishedVision: publishedName(vision) } };
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
  const most = Math.max(...shares.map(({ percent }) => percent));
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
    '\n',
    calibrationTable(calibrationByClass(runs.filter(({ percent }) => percent === most).map((run) => run.test))),
    `calibration with ${most} % of the labels, mean over seeds\n`,
    ...notes,
    `\nresults: ${out}\n`,
  ].join('');
}

const print = (output: Output, values: ProtocolValues, result: ProtocolResult) => printResult(output, values, result, () => formatResult(result, values.out));

/** Results are written at the end, each file as a whole. */
const stopped = ({ output, values }: { readonly output: Output; readonly values: { readonly json: boolean } }): StoppableOptions => ({
  output,
  json: values.json,
  again: 'no results are written; run the command again',
  atOnce: true,
});

/** `probe`. */
export const probe = defineCommand({
  name: 'probe',
  description: 'linear probe on frozen features, with 1, 10 and 100 % of the labels',
  examples: {
    'probe --checkpoint runs/openi --data chexpert:DIR --out runs/probe': '1, 10, 100 % of the labels',
    'probe --checkpoint runs/openi --vision hf:efficientnet-lite0 --data openi:DIR --percent 100 --seeds 0 --out runs/probe':
      "the encoder as the run began with it; its test-scores.json is what `compare` takes beside a run's label head",
  },
  options: protocolOptions,
  async run(context) {
    const { values, output } = context;
    const tasks = await import('@hybridmed/tasks/node');
    const result = await stoppable(stopped(context), () => withFeatures(withVision(context), (options) => tasks.probe({ ...options, ...protocol(values) })));
    if (result) print(output, values, result);
  },
});

/** `finetune`. */
export const finetune = defineCommand({
  name: 'finetune',
  description: 'fine-tune the image encoder for classification, with 1, 10 and 100 % of the labels',
  examples: {
    'finetune --checkpoint runs/openi --data chexpert:DIR --out runs/tuned': 'compare with --from-scratch',
  },
  options: {
    ...protocolOptions,
    ...checkpointOption,
    fromScratch: option({ value: toggle(), help: "initialize the checkpoint's architecture at random instead of loading its parameters", default: false }),
    epochs: option({ value: integer(1), argument: 'n', help: 'maximum number of passes over a subset (at least 400 steps)', default: 30 }),
    batch: option({ value: integer(1), argument: 'n', help: 'studies per step', default: 32 }),
    learningRate: option({
      value: commaList(number({ above: 0 })),
      argument: 'list',
      help: 'peak learning rates; the best on the validation split is used',
      defaultWords: "the preset's",
    }),
    weightDecay: option({ value: number({ min: 0 }), argument: 'x', help: 'decoupled weight decay', default: 0.05 }),
    layerDecay: option({
      value: number({ above: 0, max: 1 }),
      argument: 'x',
      help: "factor between the learning rates of the encoder's neighbouring layers",
      default: 1,
    }),
    patience: option({ value: integer(0), argument: 'n', help: 'validations without improvement before a fit ends; 0 for never', default: 5 }),
  },
  async run(context) {
    const { values, output } = context;
    const tasks = await import('@hybridmed/tasks/node');
    const { fromScratch, epochs, batch, learningRate: learningRates, weightDecay, layerDecay, patience } = values;
    const own = { fromScratch, epochs, batch, learningRates, weightDecay, layerDecay, patience };
    const result = await stoppable(stopped(context), () =>
      withFeatures(withVision(context), ({ cache: _cache, ...options }) => tasks.finetune({ ...options, ...protocol(values), ...own })),
    );
    if (result) print(output, values, result);
  },
});
