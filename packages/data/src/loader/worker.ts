// A worker thread: makes the batches it is asked for, and hands their memory over.
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import type { BatchRequest, BatchSettings, Encoder, MadeBatch } from './batch-maker.ts';
import { createBatchMaker } from './batch-maker.ts';
import { importModule } from './import-module.ts';
import { remoteRanges } from './range-client.ts';

/** What a worker is given at its start. */
export interface WorkerStart {
  readonly settings: BatchSettings;
  /** A module whose `createTokenizer(config)` encodes texts. */
  readonly tokenizer?: { readonly module: string; readonly config: unknown };
  /** Where parts of shards are fetched. */
  readonly ranges?: MessagePort;
}

/** A request, or what came of it: a batch, or the error's line. */
export type WorkerRequest = BatchRequest & { readonly id: number };
export type WorkerReply = { readonly id: number; readonly made: MadeBatch } | { readonly id: number; readonly error: string };

async function start({ settings, tokenizer, ranges }: WorkerStart): Promise<(request: BatchRequest) => Promise<MadeBatch>> {
  const module = tokenizer && ((await importModule(tokenizer.module)) as { createTokenizer(config: unknown): Encoder });
  return createBatchMaker(settings, module?.createTokenizer(tokenizer!.config), remoteRanges(ranges));
}

if (parentPort !== null) {
  const port = parentPort;
  const maker = start(workerData as WorkerStart);
  const transfer = ({ arrays }: MadeBatch) => Object.values(arrays).map(({ data }) => data.buffer as ArrayBuffer);
  port.on('message', ({ id, ...request }: WorkerRequest) => {
    maker
      .then((make) => make(request))
      .then(
        (made) => port.postMessage({ id, made } satisfies WorkerReply, transfer(made)),
        (error: unknown) => port.postMessage({ id, error: (error as Error).message } satisfies WorkerReply),
      );
  });
}
