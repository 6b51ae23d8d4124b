// Worker threads that answer requests: each request goes to the one with the least to do.
import type { Transferable, Worker } from 'node:worker_threads';
import { DataError } from '../errors.ts';
import type { TaskReply } from './serve.ts';
import { startWorker } from './start.ts';

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: DataError): void;
}

interface Member<Result> {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting<Result>>;
}

/** A pool of workers that `serve` requests. */
export class TaskPool<Request, Result> {
  readonly #members: readonly Member<Result>[];
  #requests = 0;

  /** Starts a worker for each element of `starts`: what its module (a path from `src`, without ending) is given, and what of that is handed over. */
  constructor(module: string, starts: readonly { readonly data?: unknown; readonly transfer?: readonly Transferable[] }[]) {
    this.#members = starts.map(({ data, transfer }) => attach<Result>(startWorker(module, data, transfer)));
  }

  /** Has a request answered. Throws a DataError with the line of what was thrown in the worker. */
  run(request: Request, transfer: readonly Transferable[] = []): Promise<Result> {
    const { worker, waiting } = this.#members.reduce((least, member) => (member.waiting.size < least.waiting.size ? member : least));
    const id = this.#requests++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, request }, transfer);
    });
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }
}

function attach<Result>(worker: Worker): Member<Result> {
  const waiting = new Map<number, Waiting<Result>>();
  const fail = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new DataError(`a data worker stopped (${reason}); run with --workers 0 to see where`));
    waiting.clear();
  };
  worker.on('message', (reply: TaskReply<Result>) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    // Nothing is asked of this thread: it must not keep the process.
    if (waiting.size === 0) worker.unref();
    if ('result' in reply) asked?.resolve(reply.result);
    else asked?.reject(new DataError(reply.error));
  });
  worker.on('error', (error) => fail(error.message.split('\n')[0]!));
  worker.on('exit', (code) => fail(`it ended with ${code}`));
  worker.unref();
  return { worker, waiting };
}
