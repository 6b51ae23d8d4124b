// The logger that sends a run to an MLflow server: beside the steps, in batches, and without ever holding them up.
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { LoggedRun, MetricsLine, RunLogger, RunOutcome } from '@hybridmed/training';
import { z } from 'zod';
import { readJson, writeFileAtomic } from '../files.ts';
import { lineScalars } from './line-scalars.ts';
import type { MlflowClient } from './mlflow-client.ts';
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

/** What sending needs of the options. */
interface SenderOptions extends Required<Pick<MlflowOptions, 'server' | 'experiment' | 'every'>>, Pick<MlflowOptions, 'onMessage'> {}

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

/** What one run still has to send, and how its server has answered so far. */
class Outbox {
  readonly #client: MlflowClient;
  readonly #options: SenderOptions;
  readonly #queue: Metric[];
  readonly #about: LoggedRun;
  #run: MlflowRun | undefined;
  #described = false;
  #reported = false;
  // Refused for good; and more than is kept in memory: what follows would leave a gap.
  #refused = false;
  #full = false;
  #pause: number;
  #notBefore = 0;
  #sending: Promise<void> | undefined;

  constructor(client: MlflowClient, about: LoggedRun, options: SenderOptions) {
    this.#client = client;
    this.#about = about;
    this.#options = options;
    this.#pause = options.every;
    this.#queue = about.lines.flatMap(metricsOf);
  }

  add(metrics: readonly Metric[]): void {
    if (this.#refused || this.#full) return;
    this.#full = this.#queue.length + metrics.length > maxQueued;
    if (!this.#full) for (const metric of metrics) this.#queue.push(metric);
    else this.#options.onMessage?.('MLflow: too much waits to be sent; the run goes on, what follows is not sent, and metrics.jsonl has everything');
  }

  /** Sends where something waits and the server's pause is over. */
  due(): void {
    if (!this.#refused && this.#queue.length > 0 && Date.now() >= this.#notBefore) void this.flush();
  }

  /** Sends what waits; never throws. */
  flush(): Promise<void> {
    return (this.#sending ??= this.#send()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => (this.#sending = undefined)));
  }

  async end(outcome: RunOutcome): Promise<void> {
    await this.#sending;
    if (!this.#refused) await this.flush();
    if (!this.#run || !this.#described || this.#refused || this.#queue.length > 0) return;
    await endRun(this.#client, this.#run, statuses[outcome]).catch((error: unknown) => this.#failed(error));
  }

  async #send(): Promise<void> {
    const run = (this.#run ??= await openMlflowRun(this.#client, this.#about, this.#options));
    if (!this.#described) await describeRun(this.#client, run, described(this.#about));
    this.#described = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, limits.metrics);
      // What a resumed run computes again is there already.
      const lacking = batch.filter(({ key, step }) => step > (run.steps[key] ?? -1));
      if (lacking.length > 0) await sendMetrics(this.#client, run, lacking);
      this.#queue.splice(0, batch.length);
    }
    this.#pause = this.#options.every;
  }

  #failed(error: unknown): void {
    const later = error instanceof MlflowError && error.retry;
    if (!later) this.#refused = true;
    this.#notBefore = Date.now() + (this.#pause = Math.min(2 * this.#pause, longestPause));
    if (this.#reported) return;
    this.#reported = true;
    const rest = later ? 'what it lacks is sent once it answers' : 'nothing more is sent';
    this.#options.onMessage?.(`MLflow: ${(error as Error).message.split('\n')[0]}; the run goes on, ${rest}, and metrics.jsonl has everything`);
  }
}

/** The run on the server that this folder's earlier starts sent to, or a new one, which the folder then names. */
async function openMlflowRun(client: MlflowClient, { place, lines }: LoggedRun, { server, experiment }: SenderOptions): Promise<MlflowRun> {
  const file = join(place, 'mlflow.json');
  const saved = lines.length > 0 && existsSync(file) ? savedSchema.safeParse(await readJson(file)).data : undefined;
  const continued = saved?.server === server && saved.experiment === experiment ? await continueRun(client, saved.runId) : undefined;
  if (continued) return continued;
  const run = await createRun(client, experiment, basename(resolve(place)));
  await writeFileAtomic(file, [`${JSON.stringify({ server, experiment, runId: run.id }, undefined, 2)}\n`]);
  return run;
}

/** Sends a run's settings, metrics and outcome to an MLflow server. Throws one line where the address is none. */
export function mlflowLogger({ server: address, experiment = 'hybridmed', environment = process.env, onMessage, every = 3000 }: MlflowOptions): RunLogger {
  const server = mlflowServer(address);
  const client = mlflowClient(server, environment);
  let outbox: Outbox | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    name: 'MLflow',
    begin(about) {
      outbox = new Outbox(client, about, { server, experiment, every, onMessage });
      timer = setInterval(() => outbox?.due(), every);
      timer.unref();
      void outbox.flush();
    },
    line: (line) => outbox?.add(metricsOf(line)),
    async end(outcome) {
      clearInterval(timer);
      await outbox?.end(outcome);
      outbox = undefined;
    },
  };
}
