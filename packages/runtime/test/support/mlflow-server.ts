// A server on 127.0.0.1 that keeps runs by MLflow's REST API, as strict as MLflow's own about what the tests are about: limits, parameters that never change, missing runs.
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface KeptMetric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** A run as the server keeps it. */
export interface KeptRun {
  readonly name: string;
  status: string;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: KeptMetric[];
}

const textOf = async (request: IncomingMessage): Promise<string> => Buffer.concat((await request.toArray()) as Buffer[]).toString('utf8');

/** Serves until `close`. `fail` says which requests are answered with a status of its own. */
export async function mlflowStub() {
  const experiments = new Map<string, string>();
  const runs = new Map<string, KeptRun>();
  const requests: { call: string; authorization: string | undefined; entries: number }[] = [];
  let fail: (call: string) => number | undefined = () => undefined;

  const batch = (body: { run_id: string; metrics?: KeptMetric[]; params?: { key: string; value: string }[]; tags?: { key: string; value: string }[] }) => {
    const run = runs.get(body.run_id);
    if (!run) return { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no run' };
    const { metrics = [], params = [], tags = [] } = body;
    if (metrics.length > 1000 || params.length > 100 || tags.length > 100) return { error_code: 'INVALID_PARAMETER_VALUE', message: 'too many' };
    if (params.some(({ value }) => Buffer.byteLength(value) > 6000)) return { error_code: 'INVALID_PARAMETER_VALUE', message: 'too long' };
    const other = params.find(({ key, value }) => run.params.has(key) && run.params.get(key) !== value);
    if (other) return { error_code: 'INVALID_PARAMETER_VALUE', message: `Changing param ${other.key}` };
    for (const { key, value } of params) run.params.set(key, value);
    for (const { key, value } of tags) run.tags.set(key, value);
    run.metrics.push(...metrics);
    return {};
  };
  const runAnswer = (id: string) => {
    const run = runs.get(id);
    if (!run) return { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no run' };
    const last = new Map<string, KeptMetric>();
    for (const metric of run.metrics) if ((last.get(metric.key)?.step ?? -1) <= metric.step) last.set(metric.key, metric);
    const params = [...run.params].map(([key, value]) => ({ key, value }));
    return { run: { info: { run_id: id, lifecycle_stage: 'active' }, data: { metrics: [...last.values()], params } } };
  };
  const answer = (call: string, query: URLSearchParams, body: Record<string, string>): object => {
    if (call === 'experiments/get-by-name') {
      const id = experiments.get(query.get('experiment_name')!);
      return id ? { experiment: { experiment_id: id, lifecycle_stage: 'active' } } : { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'none' };
    }
    if (call === 'experiments/create') {
      experiments.set(body['name']!, String(experiments.size + 1));
      return { experiment_id: experiments.get(body['name']!)! };
    }
    if (call === 'runs/create') {
      const id = `run${runs.size}`;
      runs.set(id, { name: body['run_name']!, status: 'RUNNING', params: new Map(), tags: new Map(), metrics: [] });
      return runAnswer(id);
    }
    if (call === 'runs/get') return runAnswer(query.get('run_id')!);
    if (call === 'runs/log-batch') return batch(body as never);
    if (call !== 'runs/update') return { error_code: 'ENDPOINT_NOT_FOUND', message: call };
    runs.get(body['run_id']!)!.status = body['status']!;
    return {};
  };
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url!, 'http://server');
      const call = url.pathname.replace('/api/2.0/mlflow/', '');
      const text = await textOf(request);
      const body = (text ? JSON.parse(text) : {}) as Record<string, string>;
      requests.push({ call, authorization: request.headers.authorization, entries: (body['metrics'] ?? []).length });
      const status = fail(call);
      const value = status === undefined ? answer(call, url.searchParams, body) : { message: 'out of order' };
      response.writeHead(status ?? ('error_code' in value ? (value.error_code === 'RESOURCE_DOES_NOT_EXIST' ? 404 : 400) : 200), {
        'content-type': 'application/json',
      });
      response.end(JSON.stringify(value));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runs,
    experiments,
    requests,
    failing: (how: typeof fail) => void (fail = how),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
