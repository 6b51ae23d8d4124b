// Parts of what is served over HTTP: fetched by range requests in blocks, the last used of which are kept, up to a number of bytes.
import { fetchAll, fetchRange, RemoteError } from '@hybridmed/remote';
import { DataError } from '../errors.ts';
import { maxFileBytes } from '../limits.ts';
import type { ByteRange, RangeReader } from './image-bytes.ts';

/** How much is fetched at once, how much is kept, and how long a server may take. */
export interface RangeCacheOptions {
  blockBytes?: number;
  cacheBytes?: number;
  timeoutMs?: number;
  retries?: number;
}

/** Reads ranges, whole or as far as the source goes. */
export interface RangeCache {
  readonly exactly: RangeReader;
  readonly upTo: RangeReader;
}

/** What went wrong as a DataError. */
const asDataError = (error: unknown): never => {
  throw error instanceof RemoteError ? new DataError(error.message) : error;
};

/** Fetches a whole text, such as a manifest or an index. Throws a DataError that names the URL, and for more than 256 MiB. */
export const fetchWhole = (url: string): Promise<Uint8Array> => fetchAll(url, maxFileBytes).catch(asDataError);

/** Makes a reader of ranges that keeps at most `cacheBytes` (64 MiB), in blocks of `blockBytes` (1 MiB). */
export function createRangeCache({ blockBytes = 2 ** 20, cacheBytes = 2 ** 26, timeoutMs = 30_000, retries = 3 }: RangeCacheOptions = {}): RangeCache {
  // The order of a Map is that of insertion: a block used again is put back at its end.
  const blocks = new Map<string, Promise<Uint8Array>>();
  const maxBlocks = Math.max(1, Math.floor(cacheBytes / blockBytes));

  const fetchBlock = (url: string, index: number): Promise<Uint8Array> =>
    fetchRange(url, index * blockBytes, (index + 1) * blockBytes - 1, { timeoutMs, retries }).catch(asDataError);

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
