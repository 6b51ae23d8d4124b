// The worker's side of requests: answers each with a result, or with the line of what was thrown.
import type { MessagePort, Transferable } from 'node:worker_threads';

/** A request on its way. */
export interface TaskRequest<Request> {
  readonly id: number;
  readonly request: Request;
}

/** What came of it. */
export type TaskReply<Result> = { readonly id: number; readonly result: Result } | { readonly id: number; readonly error: string };

/** Answers every request that comes through a port; `handedOver` names the memory of a result that crosses without being copied. */
export function serve<Request, Result>(
  port: Pick<MessagePort, 'on' | 'postMessage'>,
  answer: (request: Request) => Promise<Result>,
  handedOver: (result: Result) => readonly Transferable[],
): void {
  port.on('message', ({ id, request }: TaskRequest<Request>) => {
    answer(request).then(
      (result) => port.postMessage({ id, result } satisfies TaskReply<Result>, handedOver(result)),
      (error: unknown) => port.postMessage({ id, error: (error as Error).message } satisfies TaskReply<Result>),
    );
  });
}
