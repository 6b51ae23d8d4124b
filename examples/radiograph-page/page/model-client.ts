// The page's side of the thread that runs the model: questions with answers, and how far it is.
import type { Reply, Task, Tasks } from './messages.ts';

/** Thrown where the device was lost: the thread must be started anew. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/** Asks the thread. */
export interface Client {
  ask<T extends Task>(task: T, ask: Tasks[T]['ask']): Promise<Tasks[T]['answer']>;
  close(): void;
}

/** A thread of a blob is bound by the page's own policy, whatever headers the host sends with scripts. */
function startThread(script: string): Worker {
  const url = URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module' });
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/** Starts the thread. */
export function startReader(onProgress: (text: string, share?: number) => void): Client {
  const worker = startThread(new URL('reader.js', document.baseURI).href);
  const open = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let next = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    if (data.kind === 'progress') return onProgress(data.text, data.share);
    const asked = open.get(data.id);
    open.delete(data.id);
    if (data.kind === 'answer') asked?.resolve(data.answer);
    else asked?.reject(data.lost ? new LostError('The graphics device was lost.') : new Error(data.message));
  });
  worker.addEventListener('error', (event) => {
    for (const { reject } of open.values()) reject(new Error(`The model's thread failed (${event.message || 'it could not be loaded'}); reload the page.`));
    open.clear();
  });
  return {
    ask: (task, ask) =>
      new Promise((resolve, reject) => {
        const id = next++;
        open.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        worker.postMessage({ id, task, ask });
      }),
    close: () => worker.terminate(),
  };
}
