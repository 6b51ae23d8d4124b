// Parts of what is served over HTTP: fetched by range requests in blocks, the last used of which are kept, up to a number of bytes.
import { setTimeout as pause } from 'node:timers/promises';
import { RemoteError, remoteFetch } from '@hybridmed/remote';
import { DataError } from '../errors.ts';
import { maxFileBytes } from './limits.ts';
import type { ByteRange, RangeReader } from './image-bytes.ts';

/** How much is fetched at once, how much is kept, and how long a server may take. */
export interface RangeCacheOptions {
  blockBytes?: number;
  cacheBytes?: number;
  timeoutMs?: number;
  retries?: number;
}

/** A response's body from byte `skip` on, up to `maxBytes` bytes; a longer one is an error, or with `cut` left unread. Throws a DataError. */
async function bodyOf(response: Response, url: string, maxBytes: number, { skip = 0, cut = false } = {}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let [passed, length] = [0, 0];
  // Leaving the loop early ends the transfer.
  for await (const chunk of response.body ?? []) {
    const part = chunk.subarray(Math.min(chunk.length, Math.max(0, skip - passed)));
    passed += chunk.length;
    const room = maxBytes - length;
    if (part.length > room && !cut) throw new DataError(`${url}: the server sends more than ${maxBytes} bytes; check the address`);
    parts.push(part.subarray(0, room));
    length += Math.min(part.length, room);
    if (cut && length === maxBytes) break;
  }
  return Buffer.concat(parts);
}

/** Throws for an answer without content: a DataError where trying again would not help. */
async function checkAnswer(response: Response, url: string): Promise<void> {
  if (response.ok) return;
  await response.body?.cancel();
  const text = `the server answers ${response.status}`;
  if (response.status >= 500 || response.status === 429) throw new Error(text);
  throw new DataError(`${url}: ${text}; check the address`);
}

/** Fetches one range: fewer bytes at the end. A server that knows no ranges sends everything, of which the rest is left aside. */
async function fetchRange(url: string, first: number, last: number, timeoutMs: number): Promise<Uint8Array> {
  const response = await remoteFetch(url, { headers: { range: `bytes=${first}-${last}` }, signal: AbortSignal.timeout(timeoutMs) });
  if (response.status === 416) {
    await response.body?.cancel();
    return new Uint8Array(0);
  }
  await checkAnswer(response, url);
  if (response.status !== 206) return bodyOf(response, url, last - first + 1, { skip: first, cut: true });
  if (!(response.headers.get('content-range') ?? '').startsWith(`bytes ${first}-`))
    throw new DataError(`${url}: the server sends another range than was asked for; check the address`);
  return bodyOf(response, url, last - first + 1);
}

/** Reads ranges, whole or as far as the source goes. */
export interface RangeCache {
  readonly exactly: RangeReader;
  readonly upTo: RangeReader;
}

/** Tries again what may be a passing trouble. Throws a DataError that names the URL. */
async function persistently<T>(url: string, retries: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DataError) throw error;
      if (error instanceof RemoteError) throw new DataError(error.message);
      const { cause, message } = error as Error;
      const reason = (cause instanceof Error ? cause.message : message).split('\n')[0];
      if (attempt >= retries) throw new DataError(`${url}: cannot be fetched (${reason}); check the address and the network`);
      await pause(100 * 4 ** attempt);
    }
  }
}

/** Fetches a whole text, such as a manifest or an index. Throws a DataError that names the URL, and for more than 256 MiB. */
export function fetchWhole(url: string, { timeoutMs = 60_000, retries = 3 }: RangeCacheOptions = {}): Promise<Uint8Array> {
  return persistently(url, retries, async () => {
    const response = await remoteFetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await checkAnswer(response, url);
    return bodyOf(response, url, maxFileBytes);
  });
}

/** Makes a reader of ranges that keeps at most `cacheBytes` (64 MiB), in blocks of `blockBytes` (1 MiB). */
export function createRangeCache({ blockBytes = 2 ** 20, cacheBytes = 2 ** 26, timeoutMs = 30_000, retries = 3 }: RangeCacheOptions = {}): RangeCache {
  // The order of a Map is that of insertion: a block used again is put back at its end.
  const blocks = new Map<string, Promise<Uint8Array>>();
  const maxBlocks = Math.max(1, Math.floor(cacheBytes / blockBytes));

  const fetchBlock = (url: string, index: number): Promise<Uint8Array> =>
    persistently(url, retries, () => fetchRange(url, index * blockBytes, (index + 1) * blockBytes - 1, timeoutMs));

  function block(url: string, index: number): Promise<Uint8Array> {
    const key = `${index} ${url}`;
    const known = blocks.get(key);
    const bytes = known ?? fetchBlock(url, index);
    blocks.delete(key);
    blocks.set(key, bytes);
    if (!known) {
      bytes.catch(() => blocks.delete(key));
      for (const oldest of blocks.keys()) {
        if (blocks.size <= maxBlocks) break;
        blocks.delete(oldest);
      }
    }
    return bytes;
  }

  const upTo = async ({ source, start, length }: ByteRange) => {
    const [from, to] = [Math.floor(start / blockBytes), Math.floor((start + length - 1) / blockBytes)];
    const parts = await Promise.all(Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => block(source, from + i)));
    const out = new Uint8Array(length);
    let done = 0;
    parts.forEach((part, i) => {
      const [first, last] = [i === 0 ? start - from * blockBytes : 0, Math.min(start + length - (from + i) * blockBytes, blockBytes)];
      const piece = part.subarray(first, last);
      out.set(piece, done);
      done += piece.length;
    });
    return done < length ? out.slice(0, done) : out;
  };
  return {
    upTo,
    async exactly(range) {
      const bytes = await upTo(range);
      if (bytes.length < range.length) throw new DataError(`${range.source}: ends before byte ${range.start + range.length}; make the shard again`);
      return bytes;
    },
  };
}

let shared: RangeReader | undefined;

/** The reader of this thread. */
export const defaultRangeReader: RangeReader = (range) => (shared ??= createRangeCache().exactly)(range);
