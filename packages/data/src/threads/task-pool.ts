// Worker threads that answer requests: each request goes to the one with the least to do.
import type { Transferable, Worker } from 'node:worker_threads';
import { DataError } from '@hybridmed/images/errors';
import { PendingReplies } from './pending-replies.ts';
import type { TaskReply } from './serve.ts';
import { startWorker } from './start.ts';

interface Member<Result> {
  readonly worker: Worker;
  readonly pending: PendingReplies<Result>;
}

/** A pool of workers that `serve` requests. */
export class TaskPool<Request, Result> {
  readonly #members: readonly Member<Result>[];

  /** Starts a worker for each element of `starts`: what its module (a path from `src`, without ending) is given, and what of that is handed over. */
  constructor(module: string, starts: readonly { readonly data?: unknown; readonly transfer?: readonly Transferable[] }[]) {
    // The work of all is one: where one thread is gone, nobody waits for the others.
    const onFailure = (error: DataError) => this.#members.forEach(({ pending }) => pending.fail(error));
    this.#members = starts.map(({ data, transfer }) => attach<Result>(startWorker(module, data, transfer), onFailure));
  }

  /** Has a request answered. Throws a DataError with the line of what was thrown in the worker, or of why any of the workers is gone, now or earlier. */
  run(request: Request, transfer: readonly Transferable[] = []): Promise<Result> {
    const { worker, pending } = this.#members.reduce((least, member) => (member.pending.count < least.pending.count ? member : least));
    return pending.ask((id) => {
      worker.ref();
      worker.postMessage({ id, request }, transfer);
    });
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }
}

function attach<Result>(worker: Worker, onFailure: (error: DataError) => void): Member<Result> {
  const pending = new PendingReplies<Result>();
  const fail = (reason: string) => onFailure(new DataError(`a data worker stopped (${reason}); run with --workers 0 to see where`));
  worker.on('message', (reply: TaskReply<Result>) => {
    pending.answer(reply);
    // Nothing is asked of this thread: it must not keep the process.
    if (pending.count === 0) worker.unref();
  });
  worker.on('error', (error) => fail(error.message.split('\n')[0]!));
  worker.on('messageerror', (error) => fail(error.message.split('\n')[0]!));
  worker.on('exit', (code) => fail(`it ended with ${code}`));
  worker.unref();
  return { worker, pending };
}
