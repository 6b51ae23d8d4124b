// `hybridmed zeroshot`: classification by prompts, without training on labels.
import type { ZeroShotReport } from '@hybridmed/tasks/node';
import { choice, option, string } from '@hybridmed/training/options';
import { labelSupervised } from '../../label-supervised.ts';
import { defineCommand } from '../define-command.ts';
import { calibrationByClass, calibrationTable, classificationTable, formatInterval } from '../metric-tables.ts';
import { selectionOptions, selectOptions } from '../options/data-selection.ts';
import { featureOptions, withFeatures } from '../options/model.ts';
import { splitOption, thresholdOption } from '../options/shared.ts';
import { printResult } from '../output.ts';

function formatReport(report: ZeroShotReport): string {
  const { exclusive, threshold, supervised = [] } = report;
  return [
    `${report.checkpoint} on ${report.studies} ${report.split} studies of ${report.data}; thresholds: best ${threshold.rule} on ${threshold.studies} validation studies\n`,
    classificationTable(report),
    ...(supervised.length > 0 ? [`${supervised.join(', ')}: ${labelSupervised}\n`] : []),
    '\n',
    calibrationTable(calibrationByClass([report])),
    "calibration of the softmax over each pair of prompts, by the model's own scale\n",
    ...(exclusive
      ? [
          `best of ${exclusive.classes.length} classes, ${exclusive.studies} studies positive for exactly one: accuracy ${formatInterval(exclusive.accuracy)}, chance ${exclusive.chance.toFixed(3)}\n`,
        ]
      : []),
  ].join('');
}

/** The command. */
export const zeroshot = defineCommand({
  name: 'zeroshot',
  description: 'classify radiographs by prompts: AUC, average precision, F1, accuracy, MCC',
  examples: {
    'zeroshot --checkpoint runs/openi --data chexpert:DIR': 'classification by prompts; --prompts FILE',
  },
  options: {
    ...featureOptions,
    data: option({ value: string(), argument: 'spec', help: 'labelled data set as name:path', required: true }),
    prompts: option({
      value: string(),
      argument: 'name|file',
      help: 'chexpert, rsna, openi, phantom, or a JSON file {"CLASS": {"positive": [...], "negative": [...]}}',
      defaultWords: 'shipped sets of the labels',
    }),
    ...splitOption,
    score: option({ value: choice(['difference', 'softmax']), argument: 'kind', help: 'score of a pair of prompts', default: 'difference' }),
    ...thresholdOption,
    ...selectionOptions,
  },
  async run(context) {
    const { values, output } = context;
    const { zeroShot } = await import('@hybridmed/tasks/node');
    const { data, prompts, split, score, threshold: rule } = values;
    const report = await withFeatures(context, (options) => zeroShot({ ...options, data, prompts, split, select: selectOptions(values), score, rule }));
    printResult(output, values, report, formatReport);
  },
});
