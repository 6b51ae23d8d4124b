// A worker's way to parts of remote shards: asked of the one thread that fetches and keeps them for all.
import type { MessagePort } from 'node:worker_threads';
import { DataError } from '../errors.ts';
import { defaultRangeReader } from '../image/range-cache.ts';
import type { ByteRange, RangeReader } from '../image/source.ts';

/** A range asked for, and what is answered: bytes, or the error's line. */
export type RangeRequest = ByteRange & { readonly id: number };
export type RangeReply = { readonly id: number; readonly bytes: Uint8Array } | { readonly id: number; readonly error: string };

/** A reader that asks through a port; without one this thread fetches for itself. */
export function remoteRanges(port: MessagePort | undefined): RangeReader {
  if (port === undefined) return defaultRangeReader;
  const waiting = new Map<number, { resolve: (bytes: Uint8Array) => void; reject: (error: DataError) => void }>();
  let next = 0;
  port.on('message', (reply: RangeReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('bytes' in reply) asked?.resolve(reply.bytes);
    else asked?.reject(new DataError(reply.error));
  });
  return (range) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      port.postMessage({ id, ...range } satisfies RangeRequest);
    });
}
