// Tables of choices on disk: one file for each adapter and version, in the user's cache folder.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TuningIdentity, TuningStore } from '../tuning/table.ts';
import { keyOf } from '../tuning/table.ts';
import { cacheRoot } from './cache-folder.ts';

/** A table is far smaller; a larger file is something else. */
const maxBytes = 2 ** 22;

async function fileOf(identity: TuningIdentity): Promise<string> {
  const hash = createHash('sha256').update(keyOf(identity)).digest('hex').slice(0, 24);
  return join(await cacheRoot(), 'tuning', `${hash}.json`);
}

/** The user's tables. */
export const tuningFiles: TuningStore = {
  async load(identity) {
    const file = await fileOf(identity);
    const size = await stat(file).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) return undefined;
    if (size > maxBytes) throw new Error(`${file} is no table of choices`);
    try {
      return JSON.parse(await readFile(file, 'utf8')) as unknown;
    } catch (error) {
      throw new Error(`${file} cannot be read (${(error as Error).message})`, { cause: error });
    }
  },
  async save(table) {
    const file = await fileOf(table);
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      await writeFile(temporary, `${JSON.stringify(table, undefined, 2)}\n`, { flush: true });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
};
