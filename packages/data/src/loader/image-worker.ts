// A worker thread: reads image files as squares and hands the pixels over.
import { parentPort } from 'node:worker_threads';
import { readSquare } from '../image/grey.ts';

/** What is asked of the worker. */
export interface ImageRequest {
  readonly id: number;
  readonly file: string;
  readonly size: number;
}

/** What it answers: pixels, or the error's line. */
export type ImageReply = { readonly id: number; readonly pixels: Uint8Array } | { readonly id: number; readonly error: string };

parentPort?.on('message', ({ id, file, size }: ImageRequest) => {
  readSquare(file, size).then(
    (pixels) => parentPort!.postMessage({ id, pixels } satisfies ImageReply, [pixels.buffer as ArrayBuffer]),
    (error: unknown) => parentPort!.postMessage({ id, error: (error as Error).message } satisfies ImageReply),
  );
});
