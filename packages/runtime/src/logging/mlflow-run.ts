// A run on an MLflow server: opened or continued, its parameters, tags and metrics in requests within MLflow's limits.
import { z } from 'zod';
import type { MlflowClient } from './mlflow-client.ts';
import { MlflowError } from './mlflow-client.ts';

/** A value of a metric. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** MLflow's limits: entries of a request, and bytes of a value. */
export const limits = { metrics: 1000, params: 100, tags: 100, paramBytes: 6000, tagBytes: 5000 } as const;

const runId = z.string().regex(/^[\w-]{1,64}$/);
const keyed = z.array(z.object({ key: z.string(), value: z.unknown(), step: z.coerce.number().optional() }));
const runSchema = z.object({
  run: z.object({
    info: z.object({ run_id: runId, lifecycle_stage: z.string().optional() }),
    data: z.object({ metrics: keyed.optional(), params: keyed.optional() }).optional(),
  }),
});
const experimentId = z.string().regex(/^[\w-]{1,64}$/);
const experimentSchema = z.object({ experiment: z.object({ experiment_id: experimentId, lifecycle_stage: z.string().optional() }) });
const madeSchema = z.object({ experiment_id: experimentId });

/** A run on the server, with what it has already. */
export interface MlflowRun {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  /** The last step of each metric. */
  readonly steps: Readonly<Record<string, number>>;
}

function answer<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new MlflowError('the server does not answer as MLflow does; check the address', { retry: false });
  return result.data;
}

function runOf(value: unknown): MlflowRun & { readonly active: boolean } {
  const { info, data } = answer(runSchema, value).run;
  return {
    id: info.run_id,
    active: info.lifecycle_stage !== 'deleted',
    params: Object.fromEntries((data?.params ?? []).map(({ key, value: text }) => [key, String(text)])),
    steps: Object.fromEntries((data?.metrics ?? []).map(({ key, step = 0 }) => [key, step])),
  };
}

const missing = (error: unknown): boolean => error instanceof MlflowError && error.code === 'RESOURCE_DOES_NOT_EXIST';

async function findExperiment(client: MlflowClient, name: string): Promise<string | undefined> {
  try {
    const { experiment } = answer(experimentSchema, await client.get('experiments/get-by-name', { experiment_name: name }));
    if (experiment.lifecycle_stage === 'deleted')
      throw new MlflowError(`experiment "${name}" is deleted there; restore it, or name another by --mlflow-experiment`, { retry: false });
    return experiment.experiment_id;
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

/** The experiment of a name; one that another process makes meanwhile is taken. */
async function openExperiment(client: MlflowClient, name: string): Promise<string> {
  const known = await findExperiment(client, name);
  if (known !== undefined) return known;
  try {
    return answer(madeSchema, await client.post('experiments/create', { name })).experiment_id;
  } catch (error) {
    const made = error instanceof MlflowError && error.code === 'RESOURCE_ALREADY_EXISTS' ? await findExperiment(client, name) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

/** A text of at most so many bytes; one that is longer says that it was cut. */
export function atMost(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= bytes) return text;
  const mark = ' (cut)';
  return new TextDecoder().decode(encoded.subarray(0, bytes - mark.length), { stream: true }) + mark;
}

function parts<T>(values: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

const pairs = (values: Readonly<Record<string, string>>, bytes: number) => Object.entries(values).map(([key, value]) => ({ key, value: atMost(value, bytes) }));

/** Begins a run in an experiment. */
export async function createRun(client: MlflowClient, experiment: string, name: string): Promise<MlflowRun> {
  const id = await openExperiment(client, experiment);
  return runOf(await client.post('runs/create', { experiment_id: id, run_name: name, start_time: Date.now() }));
}

/** Continues a run; undefined where the server has it no more. */
export async function continueRun(client: MlflowClient, id: string): Promise<MlflowRun | undefined> {
  try {
    const run = runOf(await client.get('runs/get', { run_id: id }));
    if (!run.active) return undefined;
    await client.post('runs/update', { run_id: id, status: 'RUNNING' });
    return run;
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

/** Sends parameters that the run has not; what it has otherwise, which MLflow does not change, becomes a tag `setting.NAME`. */
export async function describeRun(
  client: MlflowClient,
  run: MlflowRun,
  { params, tags }: { readonly params: Readonly<Record<string, string>>; readonly tags: Readonly<Record<string, string>> },
): Promise<void> {
  const all = pairs(params, limits.paramBytes);
  const changed = all.filter(({ key, value }) => run.params[key] !== undefined && run.params[key] !== value);
  const marks = pairs({ ...tags, ...Object.fromEntries(changed.map(({ key, value }) => [`setting.${key}`, value])) }, limits.tagBytes);
  for (const part of parts(marks, limits.tags)) await client.post('runs/log-batch', { run_id: run.id, tags: part });
  const lacking = all.filter(({ key }) => run.params[key] === undefined);
  for (const part of parts(lacking, limits.params)) await client.post('runs/log-batch', { run_id: run.id, params: part });
}

/** Sends at most as many values as a request may hold. */
export const sendMetrics = (client: MlflowClient, { id }: MlflowRun, metrics: readonly Metric[]): Promise<unknown> =>
  client.post('runs/log-batch', { run_id: id, metrics });

/** Says how the run ended. */
export const endRun = (client: MlflowClient, { id }: MlflowRun, status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<unknown> =>
  client.post('runs/update', { run_id: id, status, end_time: Date.now() });
