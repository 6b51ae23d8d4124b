// A worker's way to parts of remote shards: asked of the one thread that fetches and keeps them for all.
import type { MessagePort, Worker } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { DataError } from '@hybridmed/images/errors';
import { defaultRangeReader } from '@hybridmed/images/bytes';
import type { ByteRange, RangeReader } from '@hybridmed/images/bytes';
import { PendingReplies } from '../threads/pending-replies.ts';
import type { TaskReply, TaskRequest } from '../threads/serve.ts';
import { startWorker } from '../threads/start.ts';

/** Starts the thread that fetches, and a port to it for each of `count` workers. */
export function startFetcher(count: number): { fetcher: Worker; ports: MessagePort[] } {
  const channels = Array.from({ length: count }, () => new MessageChannel());
  const ends = channels.map(({ port1 }) => port1);
  const fetcher = startWorker('loader/range-worker', { ports: ends }, ends);
  // Whoever waits for it sees its port closed.
  fetcher.on('error', () => undefined);
  fetcher.unref();
  return { fetcher, ports: channels.map(({ port2 }) => port2) };
}

/** A reader that asks through a port; without one this thread fetches for itself. */
export function remoteRanges(port: MessagePort | undefined): RangeReader {
  if (port === undefined) return defaultRangeReader;
  const pending = new PendingReplies<Uint8Array>();
  port.on('message', (reply: TaskReply<Uint8Array>) => pending.answer(reply));
  port.on('close', () => pending.fail(new DataError('the thread that fetches remote shards stopped; run with --workers 0 to see where')));
  return ({ source, start, length }) => pending.ask((id) => port.postMessage({ id, request: { source, start, length } } satisfies TaskRequest<ByteRange>));
}
