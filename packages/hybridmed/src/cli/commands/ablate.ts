// `hybridmed ablate`: the full method against its ablations, over several seeds.
import { presets } from '@hybridmed/model/presets';
import type { AblationReport, AblationRow, Figure, Measure } from '@hybridmed/tasks/node';
import type { RunConfig } from '@hybridmed/training/settings';
import type { Command } from 'commander';
import { Option } from 'commander';
import { withDevice } from '../device.ts';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, stagePair, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';

interface Flags extends DeviceFlags {
  data?: string;
  preset?: string;
  seeds: number;
  out: string;
  config?: string;
  epochs?: [number, number];
  steps?: [number, number];
  limit?: number;
  variants?: string[];
  workers?: number;
  json: boolean;
}

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

/** Adds the command. */
export function addAblate(program: Command, output: Output): void {
  const command = program
    .command('ablate')
    .description("train and evaluate the full method and its ablations over several seeds (the paper's table); finished runs are not repeated")
    .option('--data <spec>', 'data set as name:path')
    .addOption(new Option('--preset <name>', 'sizes and defaults (default: small)').choices(Object.keys(presets)))
    .option('--seeds <n>', 'number of seeds', integer(1), 3)
    .requiredOption('--out <dir>', 'folder of the runs and of ablation.json')
    .option('--config <file>', 'settings of the full method in JSON, as for pretrain; flags take precedence')
    .option('--epochs <a,b>', 'epochs of stage 1 and of stage 2', stagePair)
    .option('--steps <a,b>', 'maximum number of steps of each stage; 0 for no limit', stagePair)
    .option('--limit <n>', 'maximum number of training (and of validation) studies', integer(0))
    .option('--variants <names...>', 'which ablations (default: all)')
    .option('--workers <n>', 'threads that decode images', integer(0))
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
  command.action(async ({ out, config: file, variants: names, seeds, workers, device: name, threads, json, ...flags }: Flags) => {
    const [{ readRunFile }, { checkSettings, completeConfig }, { chooseVariants }] = await Promise.all([
      import('@hybridmed/runtime/run'),
      import('@hybridmed/training/settings'),
      import('@hybridmed/tasks/node'),
    ]);
    const fileSettings = file === undefined ? {} : (await readRunFile(file)).settings;
    const flagSettings = Object.fromEntries(
      Object.entries({ data: flags.data, preset: flags.preset, epochs: flags.epochs, steps: flags.steps, limit: flags.limit }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const settings: Partial<RunConfig> = { ...fileSettings, ...checkSettings(undefined, flagSettings) };
    if (settings.data === undefined) return command.error("error: required option '--data <spec>' not specified");
    const config = completeConfig({ ...settings, data: settings.data });
    if (config.epochs[1] === 0) return command.error('error: the ablations train stage 2; give it at least one epoch with --epochs');
    let variants;
    try {
      variants = chooseVariants(names);
    } catch (error) {
      return command.error(`error: ${(error as Error).message}`);
    }
    const [{ ablate, measures }, { trainingProgress }] = await Promise.all([import('@hybridmed/tasks/node'), import('../training-progress.ts')]);
    await withDevice({ device: name, threads }, async (device, reason) => {
      output.log(`device: ${device.info.name} (${reason})`);
      const progress = trainingProgress(output);
      const options = { config, seeds, variants, out, device, events: progress.events, ...(workers === undefined ? {} : { workers }) };
      const report = await ablate(options).finally(() => progress.stop());
      printResult(output, { json }, report, () => `${formatAblation(report, measures)}\ntable: ${out}/ablation.json\n`);
      if (report.failures.length > 0) output.exitCode = 1;
    });
  });
}
