// Requests that wait for their replies, on the side that asks.
import { DataError } from '@hybridmed/images/errors';
import type { TaskReply } from './serve.ts';

/** Requests by number. */
export class PendingReplies<Result> {
  readonly #waiting = new Map<number, { resolve(result: Result): void; reject(error: DataError): void }>();
  #next = 0;
  #failed: DataError | undefined;

  /** How many requests wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Sends a request under a number of its own and waits for its reply. Throws a DataError with the line of what was thrown on the other side, or of why that is gone. */
  ask(send: (id: number) => void): Promise<Result> {
    if (this.#failed) return Promise.reject(this.#failed);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Hands a reply to whoever waits for it. */
  answer(reply: TaskReply<Result>): void {
    const request = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('result' in reply) request?.resolve(reply.result);
    else request?.reject(new DataError(reply.error));
  }

  /** Fails all that wait and, with the first reason, all that ask later: nobody answers any more. */
  fail(error: DataError): void {
    this.#failed ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
