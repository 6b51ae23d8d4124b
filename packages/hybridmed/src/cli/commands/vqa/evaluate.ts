// `hybridmed vqa evaluate`: accuracy of a trained model on the test questions, compared with baselines.
import type { AnswerAccuracy } from '@hybridmed/eval/protocols';
import type { VqaReport, VqaSystem } from '@hybridmed/tasks/node';
import { option, string } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { calibrationTable, formatInterval } from '../../metric-tables.ts';
import { encodersOf } from '../../options/model.ts';
import { deviceOptions, jsonOption, moduleOptions } from '../../options/shared.ts';
import { printResult, table } from '../../output.ts';

const systemNames: Readonly<Record<VqaSystem, string>> = {
  model: 'the model',
  questionOnly: 'the question alone',
  commonestByType: 'most frequent answer by type',
  commonest: 'most frequent answer',
};

/** Accuracy by kind of question (rows) and system (columns); lenient accuracy where it differs from the strict one. */
function accuracyTable({ systems }: VqaReport): string {
  const lenient = Object.values(systems).some(({ all }) => all.lenient?.value !== all.strict?.value);
  const row = (name: string, of: (system: VqaReport['systems'][VqaSystem]) => AnswerAccuracy) => [
    name,
    String(of(systems.model).questions),
    ...Object.values(systems).map((system) => formatInterval(of(system).strict)),
    ...(lenient ? [formatInterval(of(systems.model).lenient)] : []),
  ];
  const columns = (Object.keys(systems) as VqaSystem[]).map((system) => systemNames[system]);
  return table([
    ['strict accuracy (95 %)', 'questions', ...columns, ...(lenient ? ['the model, lenient'] : [])],
    row('all', ({ all }) => all),
    row('closed', ({ closed }) => closed),
    row('open', ({ open }) => open),
    ...Object.keys(systems.model.categories).map((name) => row(name, ({ categories }) => categories[name]!)),
  ]);
}

function formatReport(report: VqaReport): string {
  const { model, data, questionSplit, questions, unseenAnswers, differences, calibration, warnings } = report;
  const differenceRows = Object.entries(differences).map(([name, value]) => [`the model minus ${systemNames[name as VqaSystem]}`, formatInterval(value)]);
  return [
    `${model} on ${questions} test questions of ${data} (split: ${questionSplit}); ${(100 * unseenAnswers).toFixed(1)} % of the answers are in no training question\n`,
    accuracyTable(report),
    '\n',
    table(differenceRows),
    ...(calibration ? ['\n', calibrationTable({ [systemNames.model]: [calibration.model], [systemNames.questionOnly]: [calibration.questionOnly] })] : []),
    ...warnings.map((line) => `warning: ${line}\n`),
  ].join('');
}

/** The command. */
export const vqaEvaluate = defineCommand({
  name: 'evaluate',
  description: 'accuracy on the test questions: closed, open, all, by category; compared with three baselines',
  examples: {
    'vqa evaluate --model runs/vqa': '',
  },
  options: {
    model: option({ value: string(), argument: 'dir', help: 'the --out folder of vqa train', required: true }),
    data: option({ value: string(), argument: 'spec', help: 'a data set other than the one it was trained on' }),
    ...moduleOptions,
    ...deviceOptions,
    ...jsonOption,
  },
  async run({ values, output, openDevice }) {
    const { model, data } = values;
    const { evaluateVqa } = await import('@hybridmed/tasks/node');
    const report = await evaluateVqa({ model, data, device: await openDevice(), encoders: encodersOf(values) });
    printResult(output, values, report, formatReport);
  },
});
