// Runs on an MLflow server: a stub of the test's, and MLflow itself where HYBRIDMED_MLFLOW_PYTHON names a Python that has it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import { mlflowLogger } from '@hybridmed/runtime/logging';
import { pretrain, readMetrics } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { LoggedRun, MetricsLine, RunLogger } from '@hybridmed/training';
import { afterAll, afterEach, expect, test } from 'vitest';
import { lineScalars } from '../src/logging/line-scalars.ts';
import { mlflowStub } from './support/mlflow-server.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(remove);

async function stub() {
  const server = await mlflowStub();
  closers.push(server.close);
  return server;
}

const line = (step: number): MetricsLine => ({
  stage: 1,
  epoch: 1,
  step,
  lr: 0.5,
  gradNorm: 2,
  losses: { total: 1 / step },
  studiesPerSecond: 10,
  time: 1_700_000_000 + step,
});
const lines = (first: number, last: number): MetricsLine[] => Array.from({ length: last - first + 1 }, (_, i) => line(first + i));

let places = 0;
function place(): string {
  const at = join(folder, `place${places++}`);
  mkdirSync(at);
  return at;
}
const about = (at: string, settings: object = { preset: 'small', seed: 0 }, known: readonly MetricsLine[] = []): LoggedRun => ({
  place: at,
  settings: { ...settings },
  facts: { version: '1.2.3', commit: 'a'.repeat(40) },
  lines: known,
});

/** Tells a logger a whole session. */
async function session(logger: RunLogger, run: LoggedRun, told: readonly MetricsLine[], outcome: 'finished' | 'stopped' | 'failed'): Promise<void> {
  await logger.begin!(run);
  for (const each of told) await logger.line!(each);
  await logger.end!(outcome);
}

test('settings, facts, metrics and outcome arrive, in requests within the limits', async () => {
  const server = await stub();
  const at = place();
  const settings = { ...Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`s${i}`, i])), long: 'ü'.repeat(4000), stages: { 1: { lr: 1 } }, none: null };
  await session(mlflowLogger({ server: `${server.address}/`, experiment: 'x-rays' }), about(at, settings), lines(1, 700), 'finished');
  const run = server.runs.get('run0')!;
  expect([...server.experiments.keys()]).toEqual(['x-rays']);
  expect(run).toMatchObject({ status: 'FINISHED', name: at.split('/').at(-1) });
  expect(run.params.size).toBe(133);
  expect(Object.fromEntries(run.params)).toMatchObject({ s129: '129', stages: '{"1":{"lr":1}}', none: 'null' });
  expect(run.params.get('long')).toMatch(/^ü+ \(cut\)$/);
  expect(Object.fromEntries(run.tags)).toMatchObject({ 'mlflow.source.git.commit': 'a'.repeat(40), 'hybridmed.version': '1.2.3' });
  expect(run.metrics).toHaveLength(2800);
  expect(run.metrics.filter(({ key }) => key === 'stage1/train/total').map(({ value, step, timestamp }) => [value, step, timestamp])).toEqual(
    lines(1, 700).map(({ step }) => [1 / step, step, (1_700_000_000 + step) * 1000]),
  );
  expect(server.requests.filter(({ entries }) => entries > 0).map(({ entries }) => entries)).toEqual([1000, 1000, 800]);
});

test('a resumed run continues the same run: what it computes again is not sent twice, what was lost is, changed settings become tags', async () => {
  const server = await stub();
  const at = place();
  await session(mlflowLogger({ server: server.address }), about(at), lines(1, 5), 'stopped');
  const run = server.runs.get('run0')!;
  expect(run.status).toBe('KILLED');
  await session(mlflowLogger({ server: server.address }), about(at, { preset: 'small', seed: 1 }, lines(1, 3)), lines(4, 8), 'failed');
  expect(server.runs.size).toBe(1);
  expect(run.status).toBe('FAILED');
  expect(run.metrics.filter(({ key }) => key === 'stage1/lr').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([run.params.get('seed'), run.tags.get('setting.seed')]).toEqual(['0', '1']);
  // The server has lost it: a new run gets everything.
  server.runs.clear();
  await session(mlflowLogger({ server: server.address }), about(at, {}, lines(1, 8)), lines(9, 9), 'finished');
  expect([...server.runs.values()][0]!.metrics.filter(({ key }) => key === 'stage1/lr')).toHaveLength(9);
  // Another folder, and a folder whose run begins anew, have a run of their own.
  await session(mlflowLogger({ server: server.address }), about(at), lines(1, 1), 'finished');
  expect(server.runs.size).toBe(2);
});

test('an unreachable server costs one line; one that answers again gets everything', async () => {
  const messages: string[] = [];
  const gone = await mlflowStub();
  await gone.close();
  const logger = mlflowLogger({ server: gone.address, onMessage: (text) => messages.push(text), every: 5 });
  await logger.begin!(about(place()));
  for (const each of lines(1, 20)) {
    await logger.line!(each);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await logger.end!('finished');
  expect(messages).toEqual([
    `MLflow: ${gone.address} cannot be reached (ECONNREFUSED); the run goes on, what it lacks is sent once it answers, and metrics.jsonl has everything`,
  ]);

  const server = await stub();
  messages.length = 0;
  let left = 3;
  server.failing((call) => (call === 'runs/log-batch' && left-- > 0 ? 503 : undefined));
  const patient = mlflowLogger({ server: server.address, onMessage: (text) => messages.push(text), every: 5 });
  await patient.begin!(about(place()));
  for (const each of lines(1, 40)) {
    await patient.line!(each);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await patient.end!('finished');
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain('answers 503: out of order');
  expect([...server.runs.values()]).toMatchObject([{ status: 'FINISHED', metrics: { length: 160 } }]);
});

test('the token is sent, and written nowhere', async () => {
  const server = await stub();
  const messages: string[] = [];
  const authorizations = async (environment: Record<string, string>) => {
    server.requests.length = 0;
    const at = place();
    await session(mlflowLogger({ server: server.address, environment, onMessage: (text) => messages.push(text) }), about(at), [], 'finished');
    for (const name of readdirSync(at)) expect(readFileSync(join(at, name), 'utf8')).not.toContain('secret');
    return [...new Set(server.requests.map(({ authorization }) => authorization))];
  };
  expect(await authorizations({})).toEqual([undefined]);
  expect(await authorizations({ MLFLOW_TRACKING_TOKEN: 'secret' })).toEqual(['Bearer secret']);
  const both = { MLFLOW_TRACKING_TOKEN: 'secret', MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'secret' };
  expect(await authorizations(both)).toEqual([`Basic ${Buffer.from('u:secret').toString('base64')}`]);
  expect(messages).toEqual([]);
  server.failing(() => 401);
  expect(await authorizations({ MLFLOW_TRACKING_TOKEN: 'secret' })).toEqual(['Bearer secret']);
  server.failing(() => 302);
  await authorizations({ MLFLOW_TRACKING_TOKEN: 'secret' });
  expect(messages).toEqual([
    expect.stringContaining('refuses access (401); set MLFLOW_TRACKING_TOKEN'),
    expect.stringContaining('sends its callers elsewhere (302)'),
  ]);
  expect(messages.join()).not.toContain('secret');
  expect(() => mlflowLogger({ server: 'http://u:secret@host' })).toThrow(/^--mlflow: the address holds a user or password; give them by/);
  expect(() => mlflowLogger({ server: 'localhost:5000' })).toThrow('is no address of a server; write it as http://host:5000');
});

test('loggers of a run get its lines and its end; one that fails is named once, and the run goes on', { timeout: 120_000 }, async () => {
  const phantoms = await smallPhantoms(folder);
  const { device } = await openDevice('cpu', { threads: 1 });
  closers.push(() => device.close());
  const server = await stub();
  const config = completeConfig({ data: `phantom:${phantoms}`, preset: 'small', batch: 8, epochs: [1, 1], steps: [4, 2], limit: 40 });
  const messages: string[] = [];
  const told: (string | MetricsLine)[] = [];
  const out = join(folder, 'run');
  const controller = new AbortController();
  const own: RunLogger = {
    name: 'own',
    begin: ({ lines: known, settings, facts }) => void told.push(`begin ${known.length} ${String(settings['batch'])} ${facts['device']!}`),
    async line(each) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      told.push(each);
      if (each.stage === 1 && each.step === 2) controller.abort();
    },
    end: (outcome) => void told.push(outcome),
  };
  const broken: RunLogger = {
    name: 'broken',
    line: () => {
      throw new Error('no disk\nat all');
    },
  };
  const late: RunLogger = { name: 'late', line: () => Promise.reject(new Error('no net')) };
  const options = { config, out, device, workers: 0, events: { onMessage: (text: string) => void messages.push(text) } };
  const loggers = [own, broken, late, mlflowLogger({ server: server.address })];
  await expect(pretrain({ ...options, loggers, signal: controller.signal })).rejects.toThrow('stopped in stage 1');
  expect(told[0]).toBe(`begin 0 8 ${device.info.name}`);
  expect(told.at(-1)).toBe('stopped');
  expect(messages.filter((text) => text.startsWith('logger'))).toEqual([
    'logger "broken": line failed: no disk; the run goes on without it',
    'logger "late": line failed: no net; the run goes on without it',
  ]);
  expect([...server.runs.values()]).toMatchObject([{ status: 'KILLED' }]);
  const before = told.length;
  await pretrain({ ...options, loggers: [own, mlflowLogger({ server: server.address })], resume: true });
  const metrics = await readMetrics(out);
  expect(told[before]).toBe(`begin ${before - 2} 8 ${device.info.name}`);
  expect(told.filter((each) => typeof each !== 'string')).toEqual(metrics);
  expect(told.at(-1)).toBe('finished');
  const [run] = [...server.runs.values()];
  expect(server.runs.size).toBe(1);
  expect(run).toMatchObject({ status: 'FINISHED', name: 'run' });
  expect(run!.metrics.map(({ key, value, step }) => [key, step, value])).toEqual(
    metrics.flatMap((each) => Object.entries(lineScalars(each)).map(([key, value]) => [key, each.step, value])),
  );
});

const python = process.env.HYBRIDMED_MLFLOW_PYTHON;
const script = `
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("x-rays")
runs = client.search_runs([experiment.experiment_id])
print(json.dumps([{
  "status": run.info.status, "name": run.info.run_name, "params": run.data.params, "commit": run.data.tags.get("mlflow.source.git.commit"),
  "lr": [[m.step, m.value, m.timestamp] for m in client.get_metric_history(run.info.run_id, "stage1/lr")],
  "metrics": sorted(run.data.metrics), "tag": run.data.tags.get("setting.seed"), "ended": run.info.end_time is not None } for run in runs]))`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.skipIf(!python)(
  `MLflow itself has a run and its continuation${python ? '' : ' (needs HYBRIDMED_MLFLOW_PYTHON, a Python with mlflow)'}`,
  { timeout: 240_000 },
  async () => {
    const port = await freePort();
    const at = place();
    const address = `http://127.0.0.1:${port}`;
    const store = ['--backend-store-uri', `sqlite:///${join(at, 'mlflow.db')}`, '--artifacts-destination', join(at, 'artifacts')];
    const environment = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' };
    const serving = spawn(python!, ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store], {
      env: environment,
      stdio: 'ignore',
      detached: true,
    });
    closers.push(() => void process.kill(-serving.pid!, 'SIGKILL'));
    for (let tries = 0; tries < 300; tries++) {
      if (
        await fetch(`${address}/health`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const messages: string[] = [];
    const logger = () => mlflowLogger({ server: address, experiment: 'x-rays', onMessage: (text) => messages.push(text) });
    const settings = { ...Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`s${i}`, i])), long: 'ü'.repeat(4000), empty: '', seed: 0 };
    const run = join(at, 'run');
    mkdirSync(run);
    await session(logger(), about(run, settings), lines(1, 400), 'stopped');
    await session(logger(), about(run, { ...settings, seed: 1 }, lines(1, 390)), lines(391, 500), 'finished');
    expect(messages).toEqual([]);
    const file = join(at, 'read.py');
    writeFileSync(file, script);
    const runs = JSON.parse(execFileSync(python!, [file, address], { encoding: 'utf8', env: environment })) as Record<string, unknown>[];
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({
      status: 'FINISHED',
      name: 'run',
      commit: 'a'.repeat(40),
      tag: '1',
      ended: true,
      lr: lines(1, 500).map(({ step }) => [step, 0.5, (1_700_000_000 + step) * 1000]),
      metrics: ['stage1/grad_norm', 'stage1/lr', 'stage1/studies_per_second', 'stage1/train/total'],
      params: { seed: '0', s129: '129' },
    });
  },
);
