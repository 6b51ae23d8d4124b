// The logger that sends a run to an MLflow server: beside the steps, in batches, and without ever holding them up.
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { LoggedRun, MetricsLine, RunLogger, RunOutcome } from '@hybridmed/training';
import { z } from 'zod';
import { readJson, writeFileAtomic } from '../files.ts';
import { lineScalars } from './line-scalars.ts';
import { mlflowClient, MlflowError, mlflowServer } from './mlflow-client.ts';
import type { Metric, MlflowRun } from './mlflow-run.ts';
import { continueRun, createRun, describeRun, endRun, limits, sendMetrics } from './mlflow-run.ts';

/** Where a run is sent. */
export interface MlflowOptions {
  /** The server's address. */
  readonly server: string;
  readonly experiment?: string;
  /** Where the token is taken from; the process's by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Receives one line where the server cannot be reached or refuses. */
  readonly onMessage?: ((text: string) => void) | undefined;
  /** Milliseconds between requests. */
  readonly every?: number;
}

const savedSchema = z.object({ server: z.string(), experiment: z.string(), runId: z.string().regex(/^[\w-]{1,64}$/) });
const statuses = { finished: 'FINISHED', stopped: 'KILLED', failed: 'FAILED' } as const satisfies Record<RunOutcome, string>;
// Values that wait for a server that does not answer: some 30 MB.
const maxQueued = 200_000;
const longestPause = 300_000;

const metricsOf = (line: MetricsLine): Metric[] => {
  const timestamp = Math.round((line.time ?? Date.now() / 1000) * 1000);
  return Object.entries(lineScalars(line)).map(([key, value]) => ({ key, value, timestamp, step: line.step }));
};

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function described({ settings, facts }: LoggedRun) {
  const params = Object.fromEntries(Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [[key, written(value)]])));
  const { commit, ...others } = facts;
  const own = Object.fromEntries(Object.entries(others).map(([key, value]) => [`hybridmed.${key}`, value]));
  return { params, tags: { 'mlflow.source.name': 'hybridmed', ...(commit === undefined ? {} : { 'mlflow.source.git.commit': commit }), ...own } };
}

/** Sends a run's settings, metrics and outcome to an MLflow server. Throws one line where the address is none. */
export function mlflowLogger({ server: address, experiment = 'hybridmed', environment = process.env, onMessage, every = 3000 }: MlflowOptions): RunLogger {
  const server = mlflowServer(address);
  const client = mlflowClient(server, environment);
  let queue: Metric[] = [];
  let told: LoggedRun | undefined;
  let run: MlflowRun | undefined;
  let known: MlflowRun | undefined;
  let reported = false;
  // Refused for good; and more than is kept in memory: what follows would leave a gap.
  let refused = false;
  let full = false;
  let pause = every;
  let notBefore = 0;
  let sending: Promise<void> | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  const open = async (about: LoggedRun): Promise<MlflowRun> => {
    const file = join(about.place, 'mlflow.json');
    const saved = about.lines.length > 0 && existsSync(file) ? savedSchema.safeParse(await readJson(file)).data : undefined;
    const same = saved?.server === server && saved.experiment === experiment;
    known ??= same ? await continueRun(client, saved.runId) : undefined;
    if (!known) {
      known = await createRun(client, experiment, basename(resolve(about.place)));
      await writeFileAtomic(file, [`${JSON.stringify({ server, experiment, runId: known.id }, undefined, 2)}\n`]);
    }
    await describeRun(client, known, described(about));
    return known;
  };
  const send = async (): Promise<void> => {
    run ??= await open(told!);
    while (queue.length > 0) {
      const batch = queue.slice(0, limits.metrics);
      // What a resumed run computes again is there already.
      const lacking = batch.filter(({ key, step }) => step > (run!.steps[key] ?? -1));
      if (lacking.length > 0) await sendMetrics(client, run, lacking);
      queue.splice(0, batch.length);
    }
    pause = every;
  };
  const failed = (error: unknown): void => {
    const later = error instanceof MlflowError && error.retry;
    if (!later) refused = true;
    notBefore = Date.now() + (pause = Math.min(2 * pause, longestPause));
    if (reported) return;
    reported = true;
    const rest = later ? 'what it lacks is sent once it answers' : 'nothing more is sent';
    onMessage?.(`MLflow: ${(error as Error).message.split('\n')[0]}; the run goes on, ${rest}, and metrics.jsonl has everything`);
  };
  const flush = (): Promise<void> =>
    (sending ??= send()
      .catch(failed)
      .finally(() => (sending = undefined)));
  const due = (): void => {
    if (!refused && queue.length > 0 && Date.now() >= notBefore) void flush();
  };
  const add = (metrics: readonly Metric[]): void => {
    if (refused || full) return;
    full = queue.length + metrics.length > maxQueued;
    if (!full) for (const metric of metrics) queue.push(metric);
    else onMessage?.('MLflow: too much waits to be sent; the run goes on, what follows is not sent, and metrics.jsonl has everything');
  };

  return {
    name: 'MLflow',
    begin(about) {
      told = about;
      queue = about.lines.flatMap(metricsOf);
      timer = setInterval(due, every);
      timer.unref();
      void flush();
    },
    line: (line) => add(metricsOf(line)),
    async end(outcome) {
      clearInterval(timer);
      await sending;
      if (!refused) await flush();
      if (run && !refused && queue.length === 0) await endRun(client, run, statuses[outcome]).catch(failed);
      run = known = undefined;
      queue = [];
    },
  };
}
