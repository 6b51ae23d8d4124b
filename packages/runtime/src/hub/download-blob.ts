// One file of a hub into the cache: what an earlier try left is continued by ranges, and nothing gets its name before its hash is right.
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HybridmedError } from '@hybridmed/tensor';
import { describeError, makeFolder } from '../files.ts';
import { withBlobLock } from './blob-lock.ts';
import { hasContent } from './content-check.ts';
import { tellDownload } from './download-events.ts';
import type { HubFile } from './hub-api.ts';
import type { ModelCache } from './hub-cache.ts';
import { blobName, blobPath, bytesAt } from './hub-cache.ts';
import { checkAnswer, HubUnreachableError, requestHub } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';

/** How bytes reach the disk, and how patient a download is; tests have their own. */
export interface DownloadMeans {
  open(path: string, flags: string): Promise<Pick<FileHandle, 'write' | 'truncate' | 'sync' | 'close'>>;
  /** Milliseconds without a byte after which a connection is given up. */
  readonly stallMs: number;
  /** Milliseconds before the first repeated try; each later one waits twice as long. */
  readonly retryMs: number;
  /** Tries in a row that bring no byte. */
  readonly tries: number;
}

/** Those of a process. */
export const usualMeans: DownloadMeans = { open, stallMs: 60_000, retryMs: 1000, tries: 5 };

/** What is downloaded. */
export interface BlobSource {
  readonly hub: HubSettings;
  readonly model: ModelCache;
  /** The address at the endpoint. */
  readonly address: string;
  /** The name for messages. */
  readonly label: string;
  readonly file: HubFile;
}

/** A disk or a server that says it is done with is not tried again. */
const isFinal = (error: unknown): boolean => !(error instanceof HubUnreachableError);

/** Where an answer begins, from its status and headers. Throws one line for one that is not the file that was listed. */
function startOf(response: Response, { label, file: { bytes } }: BlobSource, offset: number): number {
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (Number(start) === offset && Number(total) === bytes) return offset;
    throw new HybridmedError(`${label}: the hub sends another range than was asked for; try again later`);
  }
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) !== bytes)
    throw new HybridmedError(`${label}: the hub sends ${length} bytes of a file that it lists with ${bytes}; try again later`);
  return 0;
}

/** Receives from an offset on what the connection gives, and returns how far it came. Bytes are written at their places: who else writes the same content does no harm. */
async function receive(source: BlobSource, partial: string, offset: number, { open: openFile, stallMs }: DownloadMeans): Promise<number> {
  const { hub, address, label, file } = source;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMs);
  let position = offset;
  try {
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const response = await requestHub(hub, address, { label, headers, signal: stalled.signal });
    await checkAnswer(response, label);
    position = startOf(response, source, offset);
    const out = await openFile(partial, offset > 0 ? 'r+' : 'w').catch((error: unknown) => Promise.reject(diskError(partial, error)));
    try {
      if (position < offset) await out.truncate(0);
      for await (const chunk of chunksOf(response, label)) {
        timer.refresh();
        if (position + chunk.length > file.bytes)
          throw new HybridmedError(`${label}: the hub sends more than the ${file.bytes} bytes that it lists; try again later`);
        for (let done = 0; done < chunk.length;) {
          const { bytesWritten } = await out
            .write(chunk, done, chunk.length - done, position)
            .catch((error: unknown) => Promise.reject(diskError(partial, error)));
          done += bytesWritten;
          position += bytesWritten;
        }
        tellDownload({ kind: 'progress', file: label, bytes: position, totalBytes: file.bytes });
      }
      await out.sync();
    } finally {
      await out.close();
    }
    return position;
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
}

/** The chunks of an answer; a connection that breaks is one that may be tried again. */
async function* chunksOf(response: Response, label: string): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new HubUnreachableError(`${label}: the connection broke; run again, and the download continues where it stopped`);
    });
    if (done) return;
    yield value;
  }
}

function diskError(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return describeError(path, error);
  return new HybridmedError(
    `${path}: no space left for a download; free space, or name another cache with HF_HOME, and run again: it continues where it stopped`,
  );
}

/** Fills the partial file, in as many tries as bring bytes. */
async function fill(source: BlobSource, partial: string, means: DownloadMeans): Promise<void> {
  const { bytes } = source.file;
  const written = async (): Promise<number> => Math.min((await bytesAt(partial)) ?? 0, Number.MAX_SAFE_INTEGER);
  if ((await written()) > bytes) await rm(partial, { force: true });
  for (let inVain = 0; ;) {
    const before = await written();
    if (before === bytes && (bytes > 0 || (await bytesAt(partial)) === 0)) return;
    let failure: unknown;
    const end = await receive(source, partial, before, means).catch((error: unknown) => {
      failure = error;
      return undefined;
    });
    if (end === bytes) return;
    if (failure !== undefined && isFinal(failure)) throw failure;
    const after = await written();
    inVain = after > before ? 0 : inVain + 1;
    if (inVain >= means.tries)
      throw failure ?? new HubUnreachableError(`${source.label}: the hub ends the file after ${after} of ${bytes} bytes; run again later`);
    await pause(means.retryMs * 2 ** inVain);
  }
}

/**
 * Brings a content into the cache, where it is not there yet. Throws one line for a hub that cannot be reached, a disk without space, and for
 * bytes that do not have the hash that the hub lists.
 */
export async function downloadBlob(source: BlobSource, means: DownloadMeans = usualMeans): Promise<void> {
  const { model, label, file } = source;
  const blob = blobPath(model, file);
  const isThere = async (): Promise<boolean> => (await bytesAt(blob)) === file.bytes;
  if (await isThere()) return;
  await makeFolder(dirname(blob));
  const partial = `${blob}.hybridmed.incomplete`;
  const waiting = () => tellDownload({ kind: 'message', text: `${label}: another process downloads it; waiting for that` });
  await withBlobLock(
    join(model.locks, `${blobName(file)}.hybridmed.lock`),
    async () => {
      if (await isThere()) return;
      // What an earlier process left may be damaged: then it is downloaded again, once.
      for (let continued = ((await bytesAt(partial)) ?? 0) > 0; ; continued = false) {
        await fill(source, partial, means);
        if (await hasContent(partial, file)) break;
        await rm(partial, { force: true });
        if (!continued)
          throw new HybridmedError(`${label}: what the hub sends does not have the hash that it lists (${blobName(file)}); nothing was kept, try again later`);
      }
      await rename(partial, blob);
    },
    waiting,
  );
}
