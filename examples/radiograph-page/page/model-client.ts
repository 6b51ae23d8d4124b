// The page's side of the worker that runs the model: requests with answers, and progress.
import type { Reply, Task, Tasks } from './messages.ts';

/** Thrown when the device was lost: the worker must be started again. */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost';
}

/** Sends requests to the worker. */
export interface ModelClient {
  ask<T extends Task>(task: T, ask: Tasks[T]['ask']): Promise<Tasks[T]['answer']>;
  close(): void;
}

/** Starts the script through a blob, whose worker has the page's own policy, whatever headers the host sends with scripts. */
function startWorker(script: string): Worker {
  const url = URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module' });
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/** Starts the worker. */
export function startModel(onProgress: (text: string, fraction?: number) => void): ModelClient {
  const worker = startWorker(new URL('model-worker.js', document.baseURI).href);
  const pending = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let next = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    if (data.kind === 'progress') return onProgress(data.text, data.fraction);
    const request = pending.get(data.id);
    pending.delete(data.id);
    if (data.kind === 'answer') request?.resolve(data.answer);
    else request?.reject(data.lost ? new DeviceLost('The graphics device was lost.') : new Error(data.message));
  });
  worker.addEventListener('error', (event) => {
    for (const { reject } of pending.values()) reject(new Error(`The model's worker failed (${event.message || 'it could not be loaded'}); reload the page.`));
    pending.clear();
  });
  return {
    ask: (task, ask) =>
      new Promise((resolve, reject) => {
        const id = next++;
        pending.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        worker.postMessage({ id, task, ask });
      }),
    close: () => worker.terminate(),
  };
}
