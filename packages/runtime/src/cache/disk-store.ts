// The disk cache: bytes by key with checksums, in a folder that a machine's processes share. What is in it can always be made again: a missing or
// damaged entry is no error, and where nothing more can be written, a line says so and work goes on.
import { hash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ByteStore } from '@hybridmed/training';
import { describeError, fileError, makeFolder } from '../files.ts';
import type { Room } from './disk-room.ts';
import { diskRoom } from './disk-room.ts';

/** How a disk cache is opened. */
export interface DiskStoreOptions {
  readonly folder: string;
  readonly maxBytes: number;
  onMessage?(text: string): void;
  /** Writes a file that is not there yet; for tests. */
  readonly write?: (path: string, bytes: readonly Uint8Array[]) => Promise<void>;
}

// Raised when entries are written otherwise.
const entriesFolder = 'entries-1';
const magic = Buffer.from('hmcache1');
const headerBytes = magic.length + 32;

const digest = (key: string, bytes: Uint8Array): Buffer =>
  Buffer.from(hash('sha256', Buffer.concat([Buffer.from(hash('sha256', key), 'hex'), Buffer.from(hash('sha256', bytes), 'hex')])), 'hex');

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the quota of its disk is used up',
  EROFS: 'its file system is mounted read-only',
  EACCES: 'it may not be written',
};

const reasonOf = (error: unknown): string => reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message.split('\n')[0]!;

const unlessThere = (error: NodeJS.ErrnoException): Promise<void> => (error.code === 'EEXIST' ? Promise.resolve() : Promise.reject(error));

/** The folder of the entries, which only its owner may look into. Throws one line for one that is another's or open to others. */
async function openEntries(folder: string): Promise<string> {
  const entries = resolve(folder, entriesFolder);
  try {
    await makeFolder(dirname(resolve(folder)));
    // Both are private where they are made here; above all the second has to be.
    for (const path of [dirname(entries), entries]) await mkdir(path, { mode: 0o700 }).catch(unlessThere);
    const stats = await lstat(entries);
    const own = process.getuid?.();
    if (!stats.isDirectory()) throw fileError(entries, 'is no folder', 'name another --cache');
    if (own !== undefined && (stats.uid !== own || (stats.mode & 0o077) !== 0))
      throw fileError(entries, 'belongs to another user or is open to others', 'name another --cache, or make it private (chmod 700)');
  } catch (error) {
    throw describeError(entries, error);
  }
  return entries;
}

async function writeNew(path: string, bytes: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const part of bytes) await file.writeFile(part);
  } finally {
    await file.close();
  }
}

/** An entry's bytes after its header; undefined where the file is absent or damaged. */
async function readEntry(path: string, key: string): Promise<Uint8Array | 'absent' | 'damaged'> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return 'absent';
  try {
    const content = await file.readFile();
    const bytes = content.subarray(headerBytes);
    const whole = content.length >= headerBytes && content.subarray(0, magic.length).equals(magic);
    return whole && content.subarray(magic.length, headerBytes).equals(digest(key, bytes)) ? bytes : 'damaged';
  } finally {
    await file.close();
  }
}

/**
 * Opens a disk cache in a folder, which is made where it is missing. When it is full, entries that no process has used since this one opened it
 * make room, the oldest first; where there are none, nothing more is kept. Throws one line for a folder that cannot be used.
 */
export async function openDiskStore({ folder, maxBytes, onMessage = () => undefined, write = writeNew }: DiskStoreOptions): Promise<ByteStore> {
  const entries = await openEntries(folder);
  const room: Room = await diskRoom(entries, maxBytes);
  const used = new Set<string>();
  let said = false;
  let closed = false;
  const say = (text: string) => {
    if (!said) onMessage(text);
    said = true;
  };
  const pathOf = (key: string): string => {
    const name = hash('sha256', key);
    return join(entries, name.slice(0, 2), name);
  };
  return {
    place: `in ${folder}`,
    maxBytes,
    async get(key) {
      const path = pathOf(key);
      const bytes = await readEntry(path, key).catch((error: unknown) => say(`${describeError(path, error).message}; it is computed again`));
      if (bytes === 'damaged') await rm(path, { force: true }).catch(() => undefined);
      if (!(bytes instanceof Uint8Array)) return undefined;
      if (!used.has(path)) await utimes(path, new Date(), new Date()).catch(() => undefined);
      used.add(path);
      return bytes;
    },
    async put(key, bytes) {
      const path = pathOf(key);
      if (closed || used.has(path)) return;
      const size = headerBytes + bytes.length;
      if (!(await room.take(size))) {
        closed = true;
        say(`the cache in ${folder} is full: what else is computed is not kept; raise --cache-size`);
        return;
      }
      const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
      try {
        await mkdir(dirname(path), { mode: 0o700 }).catch(unlessThere);
        await write(temporary, [magic, digest(key, bytes), bytes]);
        await rename(temporary, path);
        used.add(path);
      } catch (error) {
        closed = true;
        await rm(temporary, { force: true }).catch(() => undefined);
        say(`the cache in ${folder} takes no more (${reasonOf(error)}): what else is computed is not kept`);
      }
    },
  };
}
