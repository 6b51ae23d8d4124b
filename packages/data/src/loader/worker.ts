// A worker thread of the loader: makes the batches it is asked for, images in memory that it is given.
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { importModule } from '../threads/start.ts';
import { serve } from '../threads/serve.ts';
import type { BatchMaker, BatchRequest, BatchSettings, Encoder } from './batch-maker.ts';
import { createBatchMaker } from './batch-maker.ts';
import { remoteRanges } from './range-client.ts';

/** What a worker is given at its start. */
export interface WorkerStart {
  readonly settings: BatchSettings;
  /** A module whose `createTokenizer(config)` encodes texts. */
  readonly tokenizer?: { readonly module: string; readonly config: unknown };
  /** Where parts of shards are fetched. */
  readonly ranges?: MessagePort;
}

async function start({ settings, tokenizer, ranges }: WorkerStart): Promise<BatchMaker> {
  const module = tokenizer && ((await importModule(tokenizer.module)) as { createTokenizer(config: unknown): Encoder });
  return createBatchMaker(settings, module?.createTokenizer(tokenizer!.config), remoteRanges(ranges));
}

if (parentPort !== null) {
  const maker = start(workerData as WorkerStart);
  serve(
    parentPort,
    async (request: BatchRequest) => (await maker).make(request),
    (made) => ('arrays' in made ? Object.values(made.arrays).flatMap(({ data }) => (data.buffer instanceof ArrayBuffer ? [data.buffer] : [])) : []),
  );
}
