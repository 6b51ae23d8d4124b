// One process at a time trains in a run's folder. The hold is a file in it, so that every path to the folder leads to the same one, on
// every machine that shares it. A thread touches the file, since the main thread may be in native code for minutes.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describeError, fileError, makeFolder } from '../files.ts';
import type { LockHolder } from './lock-holder.ts';
import { describeHolder, isGone, lockHolderSchema, ownHolder } from './lock-holder.ts';

/** A folder that is held. */
export interface RunHold {
  /** Throws one line where the folder is not held any more: another process found it untouched for too long, as when this one was suspended. */
  check(): void;
  /** Gives it back; a folder that holding it has made, and that is empty, is removed. */
  release(): Promise<void>;
}

/** How to wait for a folder that is held; without `wait` it is refused. */
export interface HoldOptions {
  readonly wait?: boolean;
  onWait?(text: string): void;
  readonly signal?: AbortSignal | undefined;
}

const [touchMs, staleMs, pollMs] = [10_000, 60_000, 500];

// Tokens that this process holds.
const held = new Set<string>();

// The first byte of a lock file is a brace: written again it changes the file's time, by the clock of the disk.
const toucher = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
setInterval(() => { try { writeSync(workerData.file, '{', 0); } catch {} }, workerData.every);
`;

// A lock holds some 300 bytes.
const maxLockBytes = 4096;

/** What a lock says; undefined where it is none, as a pipe that nobody writes to. */
function readHolder(lock: string): LockHolder | undefined {
  let file: number | undefined;
  try {
    file = openSync(lock, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size } = fstatSync(file);
    return size > maxLockBytes ? undefined : lockHolderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Makes a file that was not there, with content; undefined where it is there. */
async function createFile(path: string, content: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, 'wx+');
    await file.write(content, 0);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Milliseconds since a file was written, by the clock of the disk it lies on; undefined where it is not there. */
async function age(path: string): Promise<number | undefined> {
  const probe = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(probe, 'w');
  try {
    await file.write(' ');
    const now = (await file.stat()).mtimeMs;
    return await stat(path).then(
      ({ mtimeMs }) => now - mtimeMs,
      () => undefined,
    );
  } finally {
    await file.close();
    await rm(probe, { force: true });
  }
}

async function isFree(lock: string): Promise<boolean> {
  const holder = readHolder(lock);
  if (holder && isGone(holder, held)) return true;
  const untouched = await age(lock);
  return untouched !== undefined && untouched > staleMs;
}

/** Puts a lock in place of one whose holder is gone; undefined where another process does so first. */
async function takeOver(lock: string, content: string): Promise<FileHandle | undefined> {
  const guard = `${lock}.takeover`;
  const guarding = await createFile(guard, content);
  if (!guarding) {
    // Left by a process that was killed at this very place.
    if (((await age(guard)) ?? 0) > staleMs) await rm(guard, { force: true });
    return undefined;
  }
  try {
    if (!(await isFree(lock))) return undefined;
    const temporary = `${lock}.${randomBytes(4).toString('hex')}.tmp`;
    const file = await createFile(temporary, content);
    await rename(temporary, lock);
    return file;
  } finally {
    await guarding.close();
    await rm(guard, { force: true });
  }
}

/** Takes a folder that nobody holds; undefined where somebody does. */
async function tryHold(folder: string, lock: string, content: string): Promise<FileHandle | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      await makeFolder(folder);
      const file = (await createFile(lock, content)) ?? ((await isFree(lock)) ? await takeOver(lock, content) : undefined);
      // Given back between two looks at it: it is to be had.
      if (file || existsSync(lock) || attempt === 3) return file;
    } catch (error) {
      // Whoever gave it back has removed the folder meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw describeError(lock, error);
    }
  }
}

/** Folders that are missing on the way to one, the innermost first. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  return missing;
}

async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}

/**
 * Takes hold of a run's folder, which is made where it does not exist yet. Throws one line that says by whom and since when it is held.
 * A holder of this machine that has ended is nobody; any other one holds it until it has not touched its lock for a minute.
 */
export async function holdRun(out: string, { wait = false, onWait, signal }: HoldOptions = {}): Promise<RunHold> {
  const lock = join(out, 'run.lock');
  const own = ownHolder(randomBytes(8).toString('hex'));
  const made = missingFolders(out);
  held.add(own.token);
  let file: FileHandle | undefined;
  try {
    for (let waited = false; !(file = await tryHold(out, lock, `${JSON.stringify(own)}\n`)); waited = true) {
      const holder = readHolder(lock);
      const who = `another process is training in it${holder ? ` (${describeHolder(holder)})` : ''}`;
      if (!wait) throw fileError(out, who, 'wait for it with --wait-for-lock, stop it, or name another --out');
      if (!waited) onWait?.(`${out}: ${who}; waiting for it`);
      await pause(pollMs, undefined, { signal });
    }
  } catch (error) {
    held.delete(own.token);
    await removeEmpty(made);
    throw error;
  }
  const worker = new Worker(toucher, { eval: true, workerData: { file: file.fd, every: touchMs } });
  worker.unref();
  const isOwn = () => readHolder(lock)?.token === own.token;
  const opened = file;
  return {
    check() {
      if (!isOwn()) throw fileError(out, 'its lock is no longer held by this process', 'resume the run once no other process trains in it');
    },
    async release() {
      await worker.terminate();
      await opened.close();
      if (isOwn()) await rm(lock, { force: true });
      held.delete(own.token);
      await removeEmpty(made);
    },
  };
}
