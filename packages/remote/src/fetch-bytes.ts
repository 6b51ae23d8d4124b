// Bytes of what is served over HTTP, a range of them or all: what may be a passing trouble is tried again.
import { setTimeout as pause } from 'node:timers/promises';
import { RemoteError } from './remote-error.ts';
import { remoteFetch } from './remote-fetch.ts';

/** How long a server may take, and how often it is asked again. */
export interface FetchOptions {
  readonly timeoutMs?: number;
  readonly retries?: number;
}

/** A response's body from byte `skip` on, up to `maxBytes` bytes; a longer one is an error, or with `cut` left unread. Throws a RemoteError. */
async function bodyOf(response: Response, url: string, maxBytes: number, { skip = 0, cut = false } = {}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let [passed, length] = [0, 0];
  // Leaving the loop early ends the transfer.
  for await (const chunk of response.body ?? []) {
    const part = chunk.subarray(Math.min(chunk.length, Math.max(0, skip - passed)));
    passed += chunk.length;
    const room = maxBytes - length;
    if (part.length > room && !cut) throw new RemoteError(`${url}: the server sends more than ${maxBytes} bytes; check the address`);
    parts.push(part.subarray(0, room));
    length += Math.min(part.length, room);
    if (cut && length === maxBytes) break;
  }
  return Buffer.concat(parts);
}

/** Throws for an answer without content: a RemoteError where trying again would not help. */
async function checkAnswer(response: Response, url: string): Promise<void> {
  if (response.ok) return;
  await response.body?.cancel();
  const text = `the server answers ${response.status}`;
  if (response.status >= 500 || response.status === 429) throw new Error(text);
  throw new RemoteError(`${url}: ${text}; check the address`);
}

/** Fetches a range once: fewer bytes at the end. A server that knows no ranges sends everything, of which the rest is left aside. */
async function rangeOnce(url: string, first: number, last: number, timeoutMs: number): Promise<Uint8Array> {
  const response = await remoteFetch(url, { headers: { range: `bytes=${first}-${last}` }, signal: AbortSignal.timeout(timeoutMs) });
  if (response.status === 416) {
    await response.body?.cancel();
    return new Uint8Array(0);
  }
  await checkAnswer(response, url);
  if (response.status !== 206) return bodyOf(response, url, last - first + 1, { skip: first, cut: true });
  if (!(response.headers.get('content-range') ?? '').startsWith(`bytes ${first}-`))
    throw new RemoteError(`${url}: the server sends another range than was asked for; check the address`);
  return bodyOf(response, url, last - first + 1);
}

/** Tries again what may be a passing trouble. Throws a RemoteError that names the URL. */
async function persistently<T>(url: string, retries: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      const { cause, message } = error as Error;
      const reason = (cause instanceof Error ? cause.message : message).split('\n')[0];
      if (attempt >= retries) throw new RemoteError(`${url}: cannot be fetched (${reason}); check the address and the network`);
      await pause(100 * 4 ** attempt);
    }
  }
}

/** Fetches bytes `first` to `last`: fewer at the end. Throws a RemoteError that names the URL. */
export const fetchRange = (url: string, first: number, last: number, { timeoutMs = 30_000, retries = 3 }: FetchOptions = {}): Promise<Uint8Array> =>
  persistently(url, retries, () => rangeOnce(url, first, last, timeoutMs));

/** Fetches everything. Throws a RemoteError that names the URL, and for more than `maxBytes`. */
export const fetchAll = (url: string, maxBytes: number, { timeoutMs = 60_000, retries = 3 }: FetchOptions = {}): Promise<Uint8Array> =>
  persistently(url, retries, async () => {
    const response = await remoteFetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await checkAnswer(response, url);
    return bodyOf(response, url, maxBytes);
  });
