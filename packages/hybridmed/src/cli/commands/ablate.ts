// `hybridmed ablate`: the full method against its ablations, over several seeds.
import type { Measure } from '@hybridmed/tasks';
import type { AblationReport, AblationRow, Figure } from '@hybridmed/tasks/node';
import { integer, option, several, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption, workersOption } from '../options/shared.ts';
import { printResult, table } from '../output.ts';
import { stoppable } from '../stop-signals.ts';

const digits = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '-');
const signed = (value: number): string => `${value < 0 ? '' : '+'}${digits(value)}`;
const ends = ({ low, high }: { low: number; high: number }): string => (Number.isFinite(low) ? `${signed(low)} to ${signed(high)}` : '-');

function measureTable({ title, better, name }: Measure, rows: readonly AblationRow[]): string {
  const measuredRows = rows.flatMap((row): [AblationRow, Figure][] => (row.figures[name] ? [[row, row.figures[name]]] : []));
  if (measuredRows.length === 0) return '';
  const lines = measuredRows.map(([row, { mean, difference }]) => [
    row.title,
    String(row.seeds.length),
    digits(mean),
    ...(difference ? [signed(difference.overStudies.value), ends(difference.overStudies), ends(difference.overSeeds)] : ['', '', '']),
  ]);
  return table([[`${title}, ${better} is better`, 'seeds', 'mean', 'difference', '95 % over studies', '95 % over seeds'], ...lines]);
}

/** The report as text: a table for each measure, then the sizes. */
function formatAblation(report: AblationReport, measures: readonly Measure[]): string {
  const grouped = (count: number) => count.toLocaleString('en-US');
  const sizes = report.rows.map(({ title, parameters }) => [
    title,
    grouped(parameters.total),
    grouped(parameters.decoder),
    grouped(parameters.secondBranch),
    `${parameters.secondBranchPercent}%`,
  ]);
  return [
    `preset ${report.preset}, ${report.seeds.length} seeds, ${report.studies} ${report.split} studies of ${report.data}\n`,
    ...measures.map((measure) => measureTable(measure, report.rows)).filter(Boolean),
    table([['parameters', 'all', 'decoder', 'second branch', 'of all'], ...sizes]),
    ...(report.failures.length > 0 ? [table([['failed', 'reason'], ...report.failures.map(({ run, reason }) => [run, reason])])] : []),
  ].join('\n');
}

/** The command. */
export const ablate = defineCommand({
  name: 'ablate',
  description: "train and evaluate the full method and its ablations over several seeds (the paper's table); finished runs are not repeated",
  examples: {
    'ablate --data openi:DIR --preset small --seeds 3 --out runs/ablation': "the paper's ablations; can be resumed",
  },
  options: async () => ({
    ...(await import('@hybridmed/runtime/settings')).runSettings,
    seeds: option({ value: integer(1), argument: 'n', help: 'number of seeds', default: 3 }),
    out: option({ value: string(), argument: 'dir', help: 'folder of the runs and of ablation.json', required: true }),
    variants: option({ value: several(string()), argument: 'names', help: 'which ablations', defaultWords: 'all' }),
    ...workersOption,
    ...deviceOptions,
    ...jsonOption,
  }),
  async run({ values, output, openDevice, usage }) {
    const { seeds, out, variants: names, workers, json } = values;
    const { runConfig } = await import('@hybridmed/runtime/settings');
    const config = runConfig(values);
    if (config.epochs[1] === 0) usage('the ablations train stage 2; give it at least one epoch with --epochs');
    const [tasks, { measures }, { trainingProgress }] = await Promise.all([
      import('@hybridmed/tasks/node'),
      import('@hybridmed/tasks'),
      import('../training-progress.ts'),
    ]);
    let variants;
    try {
      variants = tasks.chooseVariants(names);
    } catch (error) {
      return usage((error as Error).message);
    }
    const device = await openDevice();
    const progress = trainingProgress(output);
    const report = await stoppable({ output, json, again: 'run the command again: what is finished is not repeated' }, (signal) =>
      tasks.ablate({ config, seeds, variants, out, device, signal, events: progress.events, ...(workers === undefined ? {} : { workers }) }),
    ).finally(() => progress.stop());
    if (!report) return;
    printResult(output, { json }, report, () => `${formatAblation(report, measures)}\ntable: ${out}/ablation.json\n`);
    if (report.failures.length > 0) output.exitCode = 1;
  },
});
