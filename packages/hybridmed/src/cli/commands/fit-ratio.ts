// `hybridmed fit-ratio`: chooses how a checkpoint writes impressions by likelihood ratio, and keeps it with the checkpoint.
import type { FitRatioResult } from '@hybridmed/tasks/texts';
import { integer, number, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { loggedSelection, selectionOptions } from '../options/data-selection.ts';
import { checkpointOption, openingOptions, withModel } from '../options/model.ts';
import { jsonOption } from '../options/shared.ts';
import { printResult } from '../output.ts';

const options = {
  ...selectionOptions,
  ...checkpointOption,
  data: option({ value: string(), argument: 'spec', help: 'data set as name:path', required: true }),
  frequent: option({ value: integer(1, 400), argument: 'n', help: 'candidates: the n most frequent training impressions, up to 400', default: 40 }),
  naming: option({ value: integer(1, 400), argument: 'n', help: 'and the n most frequent that name a finding, up to 400', default: 60 }),
  beams: option({
    value: integer(0, 64),
    argument: 'n',
    help: 'and the 100 most frequent hypotheses of beam search of this width on the validation images, up to 64; 0 for none',
    default: 0,
  }),
  ciderFraction: option({
    value: number({ min: 0, max: 1 }),
    argument: 'x',
    help: "the least mean CIDEr on the validation split, as a fraction of the constant sentence's",
    default: 0.9,
  }),
  ...openingOptions,
  ...jsonOption,
};

function format({ checkpoint, likelihoodRatio: { candidates, weight, threshold, chosen } }: FitRatioResult): string {
  const naming = candidates.filter(({ names }) => names).length;
  const { balancedAccuracy, cider, constantCider, studies } = chosen;
  return [
    `${candidates.length} candidates, ${naming} of which name a finding; a ${weight}, threshold ${threshold.toFixed(3)}\n`,
    `on ${studies} validation studies: balanced accuracy of naming a finding ${balancedAccuracy.toFixed(3)}, CIDEr ${cider.toFixed(2)} (the constant sentence: ${constantCider.toFixed(2)})\n`,
    balancedAccuracy > 0.5 ? '' : 'no finding is named: none could be at that CIDEr better than by chance; a lower --cider-fraction allows more\n',
    `kept in ${checkpoint}; write with \`hybridmed generate --search likelihood-ratio\`\n`,
  ].join('');
}

/** The command. */
export const fitRatio = defineCommand({
  name: 'fit-ratio',
  description: 'choose on the validation split how a checkpoint writes impressions by likelihood ratio, and keep it there',
  examples: {
    'fit-ratio --checkpoint runs/openi --data openi:DIR': '',
    'generate --checkpoint runs/openi --image image.png --search likelihood-ratio': 'write by it',
  },
  options,
  async run({ values, output, openDevice, usage }) {
    const { isHubName } = await import('@hybridmed/runtime/hub');
    if (isHubName(values.checkpoint)) usage(`${values.checkpoint} is of a hub, whose files stay as they are; name a checkpoint in a folder of your own`);
    const { data, frequent, naming, beams, ciderFraction } = values;
    const tasks = await import('@hybridmed/tasks/texts');
    const choice = { data, frequent, naming, beams, ciderFraction, select: loggedSelection(values, output) };
    const result = await withModel({ values, openDevice }, (model) => tasks.fitRatio({ model, ...choice, onMessage: (line) => output.log(line) }));
    printResult(output, values, result, format);
  },
});
