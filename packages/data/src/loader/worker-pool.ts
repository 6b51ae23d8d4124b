// The loader's worker threads: each request goes to the one with the least to do.
import type { Worker } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { DataError } from '../errors.ts';
import type { BatchRequest, MadeBatch } from './batch-maker.ts';
import { startWorker } from './import-module.ts';
import type { WorkerReply, WorkerRequest, WorkerStart } from './worker.ts';

interface Waiting {
  resolve(made: MadeBatch): void;
  reject(error: DataError): void;
}

interface Member {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** A pool of workers. */
export class WorkerPool {
  readonly #members: readonly Member[];
  readonly #fetcher: Worker | undefined;
  #requests = 0;

  /** Starts `count` workers, and with `remote` one thread that fetches for them. */
  constructor(count: number, start: Omit<WorkerStart, 'ranges'>, remote: boolean) {
    const channels = remote ? Array.from({ length: count }, () => new MessageChannel()) : [];
    const ports = channels.map(({ port1 }) => port1);
    this.#fetcher = remote ? startWorker('range-worker', { ports }, ports) : undefined;
    this.#fetcher?.unref();
    this.#members = Array.from({ length: count }, (_, i) => {
      const ranges = channels[i]?.port2;
      return attach(startWorker('worker', { ...start, ...(ranges ? { ranges } : {}) } satisfies WorkerStart, ranges ? [ranges] : []));
    });
  }

  /** Makes a batch. Throws a DataError that names the file that cannot be read. */
  make(request: BatchRequest): Promise<MadeBatch> {
    const { worker, waiting } = this.#members.reduce((least, member) => (member.waiting.size < least.waiting.size ? member : least));
    const id = this.#requests++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...request, id } satisfies WorkerRequest, request.buffer ? [request.buffer] : []);
    });
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#members.map(({ worker }) => worker.terminate()), this.#fetcher?.terminate()]);
  }
}

function attach(worker: Worker): Member {
  const waiting = new Map<number, Waiting>();
  const fail = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new DataError(`a data worker stopped (${reason}); run with --workers 0 to see where`));
    waiting.clear();
  };
  worker.on('message', (reply: WorkerReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    // Nothing waits for this thread: it must not keep the process.
    if (waiting.size === 0) worker.unref();
    if ('made' in reply) asked?.resolve(reply.made);
    else asked?.reject(new DataError(reply.error));
  });
  worker.on('error', (error) => fail(error.message.split('\n')[0]!));
  worker.on('exit', (code) => fail(`it ended with ${code}`));
  worker.unref();
  return { worker, waiting };
}
