// Parts of what is served over HTTP: fetched by range requests in blocks, the last used of which are kept, up to a number of bytes.
import { DataError } from '../errors.ts';
import type { ByteRange, RangeReader } from './source.ts';

/** How much is fetched at once, how much is kept, and how long a server may take. */
export interface RangeCacheOptions {
  blockBytes?: number;
  cacheBytes?: number;
  timeoutMs?: number;
  retries?: number;
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Fetches one range. Throws a DataError for what no retry mends. */
async function fetchRange(url: string, first: number, last: number, timeoutMs: number): Promise<Uint8Array> {
  const response = await fetch(url, { headers: { range: `bytes=${first}-${last}` }, signal: AbortSignal.timeout(timeoutMs) });
  if (response.status === 416) return new Uint8Array(0);
  if (response.status !== 206) {
    await response.body?.cancel();
    const text = response.status === 200 ? 'the server ignores range requests' : `the server answers ${response.status}`;
    const error = new DataError(`${url}: ${text}; check the address`);
    if (response.status >= 500 || response.status === 429) throw new Error(error.message);
    throw error;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > last - first + 1) throw new DataError(`${url}: the server sends more than was asked for; check the address`);
  return bytes;
}

/** Makes a reader of ranges that keeps at most `cacheBytes` (64 MiB), in blocks of `blockBytes` (1 MiB). */
export function createRangeCache({ blockBytes = 2 ** 20, cacheBytes = 2 ** 26, timeoutMs = 30_000, retries = 3 }: RangeCacheOptions = {}): RangeReader {
  // The order of a Map is that of insertion: a block used again is put back at its end.
  const blocks = new Map<string, Promise<Uint8Array>>();
  const most = Math.max(1, Math.floor(cacheBytes / blockBytes));

  async function fetchBlock(url: string, index: number): Promise<Uint8Array> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await fetchRange(url, index * blockBytes, (index + 1) * blockBytes - 1, timeoutMs);
      } catch (error) {
        if (error instanceof DataError) throw error;
        const reason = (error as Error).cause instanceof Error ? ((error as Error).cause as Error).message : (error as Error).message;
        if (attempt >= retries) throw new DataError(`${url}: cannot be fetched (${reason.split('\n')[0]}); check the address and the network`);
        await pause(100 * 4 ** attempt);
      }
    }
  }

  function block(url: string, index: number): Promise<Uint8Array> {
    const key = `${index} ${url}`;
    const known = blocks.get(key);
    const bytes = known ?? fetchBlock(url, index);
    blocks.delete(key);
    blocks.set(key, bytes);
    if (!known) {
      bytes.catch(() => blocks.delete(key));
      for (const oldest of blocks.keys()) {
        if (blocks.size <= most) break;
        blocks.delete(oldest);
      }
    }
    return bytes;
  }

  return async ({ source, start, length }: ByteRange) => {
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
    if (done < length) throw new DataError(`${source}: ends before byte ${start + length}; make the shard again`);
    return out;
  };
}

let shared: RangeReader | undefined;

/** The reader of this thread. */
export const defaultRangeReader: RangeReader = (range) => (shared ??= createRangeCache())(range);
