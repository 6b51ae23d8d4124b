// The thread that fetches parts of remote shards for all workers: the loader's own may be busy with a training step for seconds.
import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import { createRangeCache } from '../image/range-cache.ts';
import type { RangeReply, RangeRequest } from './range-client.ts';

const read = createRangeCache();
for (const port of (workerData as { ports?: readonly MessagePort[] } | null)?.ports ?? []) {
  port.on('message', ({ id, ...range }: RangeRequest) => {
    read(range).then(
      (bytes) => port.postMessage({ id, bytes } satisfies RangeReply, [bytes.buffer as ArrayBuffer]),
      (error: unknown) => port.postMessage({ id, error: (error as Error).message } satisfies RangeReply),
    );
  });
}
