// `hybridmed compare`: runs, or scores of labels, compared on the same studies with intervals.
import type { SeedDifference } from '@hybridmed/eval';
import type { ComparisonReport } from '@hybridmed/tasks/node';
import { commaList, integer, option, several, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { jsonOption } from '../options/shared.ts';
import { printResult, table } from '../output.ts';

const digits = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '-');
const ends = ({ low, high }: { low: number; high: number }): string => (Number.isFinite(low) ? `${digits(low)} to ${digits(high)}` : '-');
const cells = (figure: SeedDifference | undefined): string[] =>
  figure ? [`${digits(figure.overStudies.value)} (${ends(figure.overStudies)})`, ends(figure.overSeeds)] : ['', ''];

function formatComparison({ figures, studies, leftOut, a, b }: ComparisonReport): string {
  const header = (side: string): string[] => [`${side} (95 % over studies)`, 'over seeds'];
  const paired = b.length > 0;
  const rows = figures.map((figure) => [
    `${figure.title}, ${figure.better} is better`,
    ...cells(figure.a),
    ...(paired ? [...cells(figure.b), ...cells(figure.difference), figure.p === undefined ? '' : figure.p.toPrecision(2)] : []),
  ]);
  const top = ['', ...header('A'), ...(paired ? [...header('B'), ...header('A - B'), 'p'] : [])];
  const out = leftOut > 0 ? `; ${leftOut} that are not in each source are left out` : '';
  return `${studies} studies${out}\nA: ${a.join(', ')}\n${paired ? `B: ${b.join(', ')}\n` : ''}\n${table([top, ...rows])}`;
}

/** The command. */
export const compare = defineCommand({
  name: 'compare',
  description: 'compare runs, or scores of labels, on the same studies: means over seeds and paired differences, with 95 % intervals',
  examples: {
    'compare --a runs/s0 runs/s1 runs/s2 --b runs/blind0 runs/blind1 runs/blind2': 'three seeds of two recipes',
    'compare --a runs/s0 --b probe/test-scores.json --classes "effusion,emphysema,cardiomegaly,names a finding"': "a label head against a probe's scores",
  },
  options: {
    a: option({
      value: several(string()),
      argument: 'runs',
      help: 'runs with an evaluation (seeds of one recipe), files of evaluate --json, or test-scores.json of probe or finetune',
      required: true,
    }),
    b: option({
      value: several(string()),
      argument: 'runs',
      help: 'what they are compared with, as many as --a or one; figures of --a alone without it',
      default: [],
    }),
    classes: option({
      value: commaList(string()),
      argument: 'labels',
      help: 'compare scores of these labels: of runs those of the head that --lab trained',
      defaultWords: 'evaluations are compared; of files of scores, the labels in common',
    }),
    samples: option({ value: integer(10, 1_000_000), argument: 'n', help: 'resamples of the studies', default: 1000 }),
    ...jsonOption,
  },
  async run({ values, output }) {
    const { compare: run } = await import('@hybridmed/tasks/node');
    const { a, b, classes, samples } = values;
    printResult(output, values, await run({ a, b, classes, samples }), formatComparison);
  },
});
