// The room of a disk cache that several processes write to: what its entries take, and which of them make place for others.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The room of a folder's entries. */
export interface Room {
  /** Whether there is room for so many bytes, which then count as taken. */
  take(bytes: number): Promise<boolean>;
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly temporary: boolean;
}

// A writer that was killed left it: no other one takes so long.
const staleMs = 3_600_000;

/** Every file with its size and when it was last used. */
async function listEntries(folder: string): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for (const part of await readdir(folder)) {
    for (const name of await readdir(join(folder, part)).catch(() => [])) {
      const path = join(folder, part, name);
      // Another process may have removed it meanwhile.
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isFile()) all.push({ path, bytes: stats.size, usedMs: stats.mtimeMs, temporary: name.endsWith('.tmp') });
    }
  }
  return all;
}

/**
 * The room of a folder with at most `maxBytes`. Other processes' entries are counted again whenever this one has added a 64th of that: each
 * process that writes at the same time may exceed the bound by so much.
 */
export async function diskRoom(folder: string, maxBytes: number): Promise<Room> {
  const opened = Date.now();
  let taken = 0;
  let added = 0;
  const count = async (): Promise<readonly Entry[]> => {
    const entries = await listEntries(folder);
    [taken, added] = [entries.reduce((sum, { bytes }) => sum + bytes, 0), 0];
    return entries;
  };
  const remove = async ({ path, bytes }: Entry): Promise<void> => {
    await rm(path, { force: true }).catch(() => undefined);
    taken -= bytes;
  };
  /** Removes what no process has used since this one began, the oldest first, until there is room for more than `bytes`. */
  const makeRoom = async (bytes: number): Promise<void> => {
    const unused = (await count()).filter(({ usedMs }) => usedMs < opened).toSorted((a, b) => a.usedMs - b.usedMs);
    for (const entry of unused) {
      if (taken + bytes + maxBytes / 20 <= maxBytes) break;
      await remove(entry);
    }
  };
  for (const entry of await count()) if (entry.temporary && entry.usedMs < opened - staleMs) await remove(entry);
  return {
    async take(bytes) {
      if (added >= maxBytes / 64) await count();
      if (taken + bytes > maxBytes) await makeRoom(bytes);
      if (taken + bytes > maxBytes) return false;
      taken += bytes;
      added += bytes;
      return true;
    },
  };
}
