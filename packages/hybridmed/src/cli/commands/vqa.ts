// `hybridmed vqa`: fitting visual question answering, and judging it beside baselines.
import type { AnswerAccuracy } from '@hybridmed/eval/protocols';
import type { VqaReport, VqaSystem } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import { shownInterval } from '../figures.ts';
import type { DeviceFlags, ModuleFlags } from '../options.ts';
import { deviceOption, dropRate, integer, jsonOption, number, positive, textModuleOption, threadsOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';

interface TrainFlags extends DeviceFlags, ModuleFlags {
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

interface EvaluateFlags extends DeviceFlags, ModuleFlags {
  model: string;
  data?: string;
  json: boolean;
}

const names: Readonly<Record<VqaSystem, string>> = {
  model: 'the model',
  questionOnly: 'the question alone',
  commonestByType: 'commonest answer per type',
  commonest: 'commonest answer',
};

function shown({ model, data, questionSplit, questions, unseenAnswers, systems, differences, warnings }: VqaReport): string {
  const { categories } = systems.model;
  const lenient = Object.values(systems).some(({ all }) => all.lenient?.value !== all.strict?.value);
  const row = (name: string, of: (system: VqaReport['systems'][VqaSystem]) => AnswerAccuracy) => {
    const cells = Object.values(systems).map((system) => shownInterval(of(system).strict));
    return [name, String(of(systems.model).questions), ...cells, ...(lenient ? [shownInterval(of(systems.model).lenient)] : [])];
  };
  const parts: string[][] = [
    ['strict accuracy (95 %)', 'questions', ...(Object.keys(systems) as VqaSystem[]).map((name) => names[name]), ...(lenient ? ['the model, lenient'] : [])],
    row('all', ({ all }) => all),
    row('closed', ({ closed }) => closed),
    row('open', ({ open }) => open),
    ...Object.keys(categories).map((name) => row(name, (system) => system.categories[name]!)),
  ];
  const less = Object.entries(differences).map(([name, value]) => [`the model less ${names[name as VqaSystem]}`, shownInterval(value)]);
  return [
    `${model} on ${questions} test questions of ${data} (split: ${questionSplit}); ${(100 * unseenAnswers).toFixed(1)} % of the answers are in no training question\n`,
    table(parts),
    '\n',
    table(less),
    ...warnings.map((line) => `warning: ${line}\n`),
  ].join('');
}

/** Adds the commands. */
export function addVqa(program: Command, output: Output): void {
  const vqa = program.command('vqa').description('visual question answering: train, evaluate');
  vqa
    .command('train')
    .description('train question answering on a data set, and the baseline without the image')
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
    .addOption(jsonOption())
    .action(async ({ device: name, threads, json, vision, text: textModule, ...rest }: TrainFlags) => {
      const [{ trainVqa }, { openDevice }] = await Promise.all([import('@hybridmed/tasks/node'), import('@hybridmed/runtime/device')]);
      const { device } = await openDevice(name!, threads === undefined ? {} : { threads });
      try {
        const result = await trainVqa({ ...rest, encoders: { vision, text: textModule }, device, onMessage: (text) => output.log(text) });
        const { out, answers, counts, chosen } = result;
        if (json) printJson(output, { ...result, checkpoint: undefined });
        else
          output.result(
            `${out}: fitted to ${counts.train} questions${answers.length > 0 ? ` with ${answers.length} answers` : ''}; validation accuracy ${chosen.model.validation.toFixed(3)} (question alone ${chosen.questionOnly.validation.toFixed(3)})\n`,
          );
      } finally {
        await device.close();
      }
    });
  vqa
    .command('evaluate')
    .description('accuracy on the test questions: closed, open, all, by category; compared with three baselines')
    .requiredOption('--model <dir>', 'the --out folder of vqa train')
    .option('--data <spec>', 'a data set other than the one it was trained on')
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ model, data, vision, text, device: name, threads, json }: EvaluateFlags) => {
      const [{ evaluateVqa }, { openDevice }] = await Promise.all([import('@hybridmed/tasks/node'), import('@hybridmed/runtime/device')]);
      const { device } = await openDevice(name!, threads === undefined ? {} : { threads });
      try {
        const report = await evaluateVqa({ model, data, device, encoders: { vision, text } });
        if (json) printJson(output, report);
        else output.result(shown(report));
      } finally {
        await device.close();
      }
    });
}
