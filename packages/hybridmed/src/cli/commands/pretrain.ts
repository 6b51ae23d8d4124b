// `hybridmed pretrain`: both stages from flags and a configuration file.
import type { CheckpointEncoders } from '@hybridmed/runtime';
import type { Communicator } from '@hybridmed/ranks';
import type { Device } from '@hybridmed/tensor';
import type { RunLogger } from '@hybridmed/training';
import { option, string, toggle } from '@hybridmed/training/options';
import { openCommandRanks, ranksOptions, silentOutput } from '../command-ranks.ts';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { cacheOf, cacheOptions } from '../options/cache.ts';
import { deviceOptions, jsonOption, remoteOptions, tuningOption, workersOption } from '../options/shared.ts';
import type { Output } from '../output.ts';
import { printJson, printResult } from '../output.ts';
import { exitCodeOf, shellLine, stopSignals } from '../stop-signals.ts';
import type { TuningMode } from '@hybridmed/webgpu';

const processOptions = {
  out: option({ value: string(), argument: 'dir', help: "the run's folder", required: true }),
  resume: option({ value: toggle(), help: 'resume where the run stopped; start a new run if there is none', default: false }),
  acceptChangedData: option({
    value: toggle(),
    help: 'resume on other studies, or from other files of --stage1 and hf: checkpoints, than those the run was trained on; recorded',
    default: false,
  }),
  waitForLock: option({ value: toggle(), help: 'wait where another process trains in the folder, instead of ending', default: false }),
  ...workersOption,
  ...cacheOptions,
  mlflow: option({ value: string(), argument: 'url', help: 'send settings and metrics to this MLflow server, too; its token is MLFLOW_TRACKING_TOKEN' }),
  mlflowExperiment: option({ value: string(), argument: 'name', help: 'experiment of the run on that server', default: 'hybridmed' }),
  report: option({
    value: toggle(),
    help: 'evaluate the run and write its report at the end',
    default: true,
    off: { value: false, help: 'do not evaluate the run and write its report at the end', only: true },
  }),
  ...deviceOptions,
  ...tuningOption,
  ...ranksOptions,
  ...remoteOptions,
  ...jsonOption,
};

/** The settings of a run, and those of the process. */
const options = async () => ({ ...(await import('@hybridmed/runtime/settings')).runSettings, ...processOptions });

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => (value === undefined ? {} : ({ [key]: value } as { [P in K]: V }));

/** Writes the run's report. A report that cannot be written is no failure of the run, which is complete: the reason is logged. */
async function writeRunReport(folder: string, device: Device, encoders: CheckpointEncoders, output: Output): Promise<string | undefined> {
  const { writeReport } = await import('../../report/write-report.ts');
  try {
    return (await writeReport({ run: folder, device: () => Promise.resolve(device), encoders, onMessage: (line) => output.log(line) })).file;
  } catch (error) {
    output.log(`no report was written: ${(error as Error).message.split('\n')[0]} (try again with hybridmed report ${folder})`);
    return undefined;
  }
}

/** How kernel variants are selected: of several ranks by rule, since what each would measure for itself could differ. */
const rankTuning = ({ size }: Communicator, mode: TuningMode): TuningMode => (size === 1 ? mode : 'off');

/** What the run is sent to beside its folder. */
async function loggersOf(server: string | undefined, experiment: string, onMessage: (text: string) => void): Promise<RunLogger[]> {
  if (server === undefined) return [];
  const { mlflowLogger } = await import('@hybridmed/runtime/logging');
  return [mlflowLogger({ server, experiment, onMessage })];
}

/** The command that resumes a stopped one. */
const resumeLine = (words: readonly string[]): string => shellLine(['hybridmed', ...words, ...(words.includes('--resume') ? [] : ['--resume'])]);

async function pretrainAndReport({ values, output: own, words, openDevice }: CommandContext<Awaited<ReturnType<typeof options>>, never>): Promise<void> {
  const [{ pretrainWithRecovery, runModules }, { runConfig }, { TrainingStoppedError }, { trainingProgress }] = await Promise.all([
    import('@hybridmed/runtime/run'),
    import('@hybridmed/runtime/settings'),
    import('@hybridmed/training'),
    import('../training-progress.ts'),
  ]);
  const config = runConfig(values);
  const ranks = await openCommandRanks(values, (line) => own.log(line));
  const output = ranks.rank === 0 ? own : silentOutput(own);
  const progress = trainingProgress(output);
  const onMessage = progress.events.onMessage!;
  const stop = stopSignals((name) => onMessage(`${name}: stopping after this step; a second signal ends at once`));
  const { out, resume, acceptChangedData, waitForLock, report: withReport, json } = values;
  try {
    const loggers = await loggersOf(values.mlflow, values.mlflowExperiment, onMessage);
    const result = await pretrainWithRecovery({
      config,
      out,
      // Called again after a lost device.
      open: () => openDevice({ again: true, onMessage, tuning: rankTuning(ranks, values.tuning) }),
      resume,
      acceptChangedData,
      waitForLock,
      signal: stop.signal,
      ranks,
      loggers,
      ...optional('workers', values.workers),
      cache: cacheOf(values),
      events: progress.events,
    });
    progress.stop();
    await ranks.close();
    stop.release();
    const lateSignal = stop.received();
    if (lateSignal !== undefined) own.exitCode = exitCodeOf(lateSignal);
    const report =
      withReport && lateSignal === undefined && ranks.rank === 0 ? await writeRunReport(out, await openDevice(), runModules(config), output) : undefined;
    printResult(
      output,
      values,
      { ...result, ...optional('report', report) },
      () =>
        `checkpoint: ${result.checkpoint}\nmetrics:    ${result.out}/metrics.jsonl (and TensorBoard event files in the same folder)\n${report === undefined ? '' : `report:     ${report}\n`}`,
    );
  } catch (error) {
    // Where another rank was asked to stop, this one was not.
    const name = stop.received() ?? (ranks.size > 1 ? 'SIGTERM' : undefined);
    if (!(error instanceof TrainingStoppedError) || name === undefined) throw error;
    await ranks.close();
    const line = `${name}: ${error.message}; resume with: ${resumeLine(words)}`;
    onMessage(line);
    if (json) printJson(output, { error: line });
    own.exitCode = exitCodeOf(name);
  } finally {
    progress.stop();
    stop.release();
  }
}

/** The command. */
export const pretrain = defineCommand({
  name: 'pretrain',
  description: 'pre-train both stages; a run can be stopped at any moment and resumed',
  examples: {
    'pretrain --data openi:DIR --preset small --out runs/openi': '',
    'pretrain --config settings.yaml --out runs/openi': 'settings from a file; flags take precedence',
  },
  options,
  run: pretrainAndReport,
});
