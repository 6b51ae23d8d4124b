// `hybridmed vqa train`: trains visual question answering on a data set.
import type { VqaTrainResult } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import { withDevice } from '../../device.ts';
import type { DeviceFlags, ModuleFlags } from '../../options.ts';
import { deviceOption, dropRate, integer, jsonOption, number, positive, textModuleOption, threadsOption, visionModuleOption } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printResult } from '../../output.ts';

interface Flags extends DeviceFlags, ModuleFlags {
  checkpoint: string;
  data: string;
  out: string;
  mode: 'classify' | 'generate';
  questionSplit: 'published' | 'image-disjoint';
  fromScratch: boolean;
  depth: number;
  dropout: number;
  epochs: number;
  batch: number;
  learningRate?: number;
  weightDecay: number;
  patience: number;
  seed: number;
  json: boolean;
}

function formatResult({ out, answers, counts, chosen }: VqaTrainResult): string {
  const vocabulary = answers.length > 0 ? ` with ${answers.length} answers` : '';
  const [model, questionOnly] = [chosen.model.validation.toFixed(3), chosen.questionOnly.validation.toFixed(3)];
  return `${out}: trained on ${counts.train} questions${vocabulary}; validation accuracy ${model} (question alone ${questionOnly})\n`;
}

function addOptions(command: Command): Command {
  return command
    .requiredOption('--checkpoint <dir>', "checkpoint, or a run's --out folder")
    .requiredOption('--data <spec>', 'data set with questions, such as vqa-rad:DIR')
    .requiredOption('--out <dir>', "the trained model's folder")
    .addOption(
      new Option('--mode <mode>', 'classify among the training answers, or generate answers with the decoder')
        .choices(['classify', 'generate'])
        .default('classify'),
    )
    .addOption(
      new Option('--question-split <split>', "the set's own split, or one in which no image is in more than one part")
        .choices(['published', 'image-disjoint'])
        .default('published'),
    )
    .option('--from-scratch', "initialize the checkpoint's architecture at random instead of loading its parameters", false)
    .option('--depth <n>', 'layers that fuse question and image', integer(1), 2)
    .option('--dropout <rate>', 'dropout rate of the fused features', dropRate, 0.1)
    .option('--epochs <n>', 'maximum number of passes over the training questions', integer(1), 30)
    .option('--batch <n>', 'questions per step', integer(1), 32)
    .option('--learning-rate <x>', "peak learning rate (default: the preset's)", positive())
    .option('--weight-decay <x>', 'decoupled weight decay', number(0), 0.05)
    .option('--patience <n>', 'validations without improvement before training ends; 0 for never', integer(0), 6)
    .option('--seed <n>', 'seed of initialization, order and crops', integer(0), 0)
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
}

/** Adds the command. */
export function addVqaTrain(vqa: Command, output: Output): void {
  const command = vqa.command('train').description('train question answering on a data set, and the baseline without the image');
  addOptions(command).action(async ({ device: name, threads, json, vision, text, ...options }: Flags) => {
    const { trainVqa } = await import('@hybridmed/tasks/node');
    await withDevice({ device: name, threads }, async (device) => {
      const result = await trainVqa({ ...options, encoders: { vision, text }, device, onMessage: (line) => output.log(line) });
      printResult(output, { json }, { ...result, checkpoint: undefined }, () => formatResult(result));
    });
  });
}
