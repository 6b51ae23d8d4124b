// Requests to MLflow's REST API, with the token of the environment, which goes to the named server alone and into no message.
import { HybridmedError } from '@hybridmed/tensor';
import { z } from 'zod';

/** What a server of MLflow did not do. `retry` says whether it may do it later; `code` is MLflow's own. */
export class MlflowError extends Error {
  override readonly name: string = 'MlflowError';
  readonly retry: boolean;
  readonly code: string | undefined;

  constructor(message: string, { retry, code }: { readonly retry: boolean; readonly code?: string | undefined }) {
    super(message);
    this.retry = retry;
    this.code = code;
  }
}

/** Calls by their path below `/api/2.0/mlflow/`. Both throw an MlflowError. */
export interface MlflowClient {
  get(call: string, query: Readonly<Record<string, string>>): Promise<unknown>;
  post(call: string, body: object): Promise<unknown>;
}

// Seconds in which this thread could have read an answer: while a step computes it reads none, and that is not the server's delay.
const patience = 20;
const maxAnswer = 2 ** 24;

/** The server's address without a slash at its end. Throws one line for what is none, and for one that holds a password. */
export function mlflowServer(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new HybridmedError(`--mlflow: "${address}" is no address of a server; write it as http://host:5000`);
  if (url.username || url.password)
    throw new HybridmedError('--mlflow: the address holds a user or password; give them by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD');
  if (url.search || url.hash) throw new HybridmedError(`--mlflow: "${address}" has parts after the path; write it as http://host:5000`);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The header that MLflow's variables ask for: user and password before the token, as MLflow's own client takes them. */
export function mlflowAuthorization(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const user = environment['MLFLOW_TRACKING_USERNAME'];
  const password = environment['MLFLOW_TRACKING_PASSWORD'];
  const token = environment['MLFLOW_TRACKING_TOKEN'];
  if (user && password) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return token ? `Bearer ${token}` : undefined;
}

/** The reason of a failed request, which the engine puts below its own error. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}

/** The text of an answer, up to a limit. */
async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswer) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const failure = z.object({ error_code: z.string().optional(), message: z.string().optional() });

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refused(server: string, answer: Response, text: string): MlflowError {
  const { status } = answer;
  const retry = status >= 500 || status === 408 || status === 429;
  if (status === 401 || status === 403)
    return new MlflowError(`${server} refuses access (${status}); set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD`, {
      retry,
    });
  if (status >= 300 && status < 400) return new MlflowError(`${server} sends its callers elsewhere (${status}); name that address`, { retry });
  const said = failure.safeParse(parse(text)).data ?? {};
  const words = (said.message ?? '').split('\n')[0]!.slice(0, 300);
  return new MlflowError(`${server} answers ${status}${words ? `: ${words}` : ''}`, { retry, code: said.error_code });
}

/** Calls a server. Redirections are not followed: the token is for the named server. */
export function mlflowClient(server: string, environment: Readonly<Record<string, string | undefined>>): MlflowClient {
  const authorization = mlflowAuthorization(environment);
  const request = async (path: string, init: RequestInit): Promise<unknown> => {
    const controller = new AbortController();
    let waited = 0;
    const timer = setInterval(() => ++waited >= patience && controller.abort(new Error(`no answer in ${patience} s`)), 1000);
    try {
      const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
      const answer = await fetch(`${server}/api/2.0/mlflow/${path}`, { ...init, headers, redirect: 'manual', signal: controller.signal });
      const text = await textOf(answer);
      if (!answer.ok) throw refused(server, answer, text);
      const value = parse(text);
      if (value === undefined) throw new MlflowError(`${server} does not answer as MLflow does; check the address`, { retry: false });
      return value;
    } catch (error) {
      throw error instanceof MlflowError ? error : new MlflowError(`${server} cannot be reached (${reasonOf(error)})`, { retry: true });
    } finally {
      clearInterval(timer);
    }
  };
  return {
    get: (call, query) => request(`${call}?${new URLSearchParams(query).toString()}`, { method: 'GET' }),
    post: (call, body) => request(call, { method: 'POST', body: JSON.stringify(body) }),
  };
}
