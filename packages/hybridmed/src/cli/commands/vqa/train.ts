// `hybridmed vqa train`: trains visual question answering on a data set.
import type { VqaTrainResult } from '@hybridmed/tasks/node';
import { choice, integer, number, option, string, toggle } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { checkpointOption, openingOptions, withModel } from '../../options/model.ts';
import { jsonOption } from '../../options/shared.ts';
import { printResult } from '../../output.ts';

const options = {
  ...checkpointOption,
  data: option({ value: string(), argument: 'spec', help: 'data set with questions, such as vqa-rad:DIR', required: true }),
  out: option({ value: string(), argument: 'dir', help: "the trained model's folder", required: true }),
  mode: option({
    value: choice(['classify', 'generate']),
    argument: 'mode',
    help: 'classify among the training answers, or generate answers with the decoder',
    default: 'classify',
  }),
  questionSplit: option({
    value: choice(['published', 'image-disjoint']),
    argument: 'split',
    help: "the set's own split, or one in which no image is in more than one part",
    default: 'published',
  }),
  fromScratch: option({ value: toggle(), help: "initialize the checkpoint's architecture at random instead of loading its parameters", default: false }),
  depth: option({ value: integer(1), argument: 'n', help: 'layers that fuse question and image', default: 2 }),
  dropout: option({ value: number({ min: 0, below: 1 }), argument: 'rate', help: 'dropout rate of the fused features', default: 0.1 }),
  epochs: option({ value: integer(1), argument: 'n', help: 'maximum number of passes over the training questions', default: 30 }),
  batch: option({ value: integer(1), argument: 'n', help: 'questions per step', default: 32 }),
  learningRate: option({ value: number({ above: 0 }), argument: 'x', help: 'peak learning rate', defaultWords: "the preset's" }),
  weightDecay: option({ value: number({ min: 0 }), argument: 'x', help: 'decoupled weight decay', default: 0.05 }),
  patience: option({ value: integer(0), argument: 'n', help: 'validations without improvement before training ends; 0 for never', default: 6 }),
  seed: option({ value: integer(0), argument: 'n', help: 'seed of initialization, order and crops', default: 0 }),
  ...openingOptions,
  ...jsonOption,
};

function formatResult({ out, answers, counts, chosen }: VqaTrainResult): string {
  const vocabulary = answers.length > 0 ? ` with ${answers.length} answers` : '';
  const [model, questionOnly] = [chosen.model.validation.toFixed(3), chosen.questionOnly.validation.toFixed(3)];
  return `${out}: trained on ${counts.train} questions${vocabulary}; validation accuracy ${model} (question alone ${questionOnly})\n`;
}

/** The command. */
export const vqaTrain = defineCommand({
  name: 'train',
  description: 'train question answering on a data set, and the baseline without the image',
  examples: {
    'vqa train --checkpoint runs/openi --data vqa-rad:DIR --out runs/vqa': '',
  },
  options,
  async run({ values, output, openDevice }) {
    const { checkpoint: _checkpoint, vision: _vision, text: _text, device: _device, threads: _threads, json, ...training } = values;
    const { trainVqa } = await import('@hybridmed/tasks/node');
    const result = await withModel({ values, openDevice }, (model) => trainVqa({ ...training, model, onMessage: (line) => output.log(line) }));
    printResult(output, { json }, { ...result, checkpoint: undefined }, () => formatResult(result));
  },
});
