// The thread that fetches parts of remote shards for all workers: the loader's own may be busy with a training step for seconds.
import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import { createRangeCache } from '@hybridmed/images/bytes';
import { serve } from '../threads/serve.ts';

const { exactly } = createRangeCache();
for (const port of (workerData as { ports?: readonly MessagePort[] } | null)?.ports ?? []) serve(port, exactly, (bytes) => [bytes.buffer as ArrayBuffer]);
