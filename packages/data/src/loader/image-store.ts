// Squares of a data set's images: decoded by worker threads ahead of their use, and kept in memory up to a budget.
import { Worker } from 'node:worker_threads';
import { DataError } from '../errors.ts';
import { readSquare } from '../image/grey.ts';
import type { ImageReply, ImageRequest } from './image-worker.ts';

/** Options of a store: files by index, the squares' side, worker threads (0: on this one), and bytes of squares to keep. */
export interface ImageStoreOptions {
  files: readonly string[];
  size: number;
  workers: number;
  cacheBytes?: number;
}

function startWorker(): Worker {
  // From TypeScript sources (tests) a worker needs a loader first; from the built package it does not.
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./image-worker.js', import.meta.url));
  const entry = new URL('./image-worker.ts', import.meta.url).href;
  return new Worker(`import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(entry)}, ${JSON.stringify(import.meta.url)}))`, { eval: true });
}

/** Reads images by index. */
export class ImageStore {
  readonly #options: Required<ImageStoreOptions>;
  readonly #kept = new Map<number, Promise<Uint8Array>>();
  readonly #waiting = new Map<number, { resolve: (pixels: Uint8Array) => void; reject: (error: DataError) => void }>();
  readonly #workers: Worker[] = [];
  #next = 0;
  #requests = 0;

  constructor({ cacheBytes = 2 ** 30, ...options }: ImageStoreOptions) {
    this.#options = { cacheBytes, ...options };
    for (let i = 0; i < options.workers; i++) this.#workers.push(this.#attach(startWorker()));
  }

  #attach(worker: Worker): Worker {
    worker.on('message', (reply: ImageReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('pixels' in reply) waiting?.resolve(reply.pixels);
      else waiting?.reject(new DataError(reply.error));
    });
    worker.on('error', (error) => {
      for (const { reject } of this.#waiting.values())
        reject(new DataError(`image worker: ${error.message.split('\n')[0]}; run with --workers 0 to see where`));
      this.#waiting.clear();
    });
    worker.unref();
    return worker;
  }

  /** Starts reading an image if it is not there yet. */
  prefetch(index: number): void {
    this.#get(index).catch(() => undefined);
  }

  /** The square of an image. Throws a DataError that names the file. */
  async get(index: number): Promise<Uint8Array> {
    const pixels = await this.#get(index);
    const { size, cacheBytes } = this.#options;
    if (this.#kept.size * size * size > cacheBytes) this.#kept.delete(index);
    return pixels;
  }

  #get(index: number): Promise<Uint8Array> {
    const known = this.#kept.get(index);
    if (known) return known;
    const request = this.#read(this.#options.files[index]!);
    this.#kept.set(index, request);
    return request;
  }

  #read(file: string): Promise<Uint8Array> {
    const { size } = this.#options;
    if (this.#workers.length === 0) return readSquare(file, size);
    const worker = this.#workers[this.#next++ % this.#workers.length]!;
    const id = this.#requests++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, file, size } satisfies ImageRequest);
    });
  }

  /** Ends the worker threads. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
