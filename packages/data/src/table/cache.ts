// Where indexes of large tables are kept, and when one still holds: as long as the files it was made from have their sizes and times.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { namedEncoding } from '../files/encoding.ts';
import { readTableFile, writeTableFile } from './file.ts';
import type { StringColumn } from './strings.ts';
import type { StudyTable } from './study-table.ts';

/** A table and what is to be known about it, and whether it was read from an index. */
export interface CachedTable<About> {
  readonly table: StudyTable;
  readonly about: About;
  /** The index file, where there is one. */
  readonly file?: string;
  /** Whether the index was there already. */
  readonly reused: boolean;
  /** Why the index could not be kept. */
  readonly problem?: string;
}

/** What a table is made from. */
export interface TableOrigin {
  /** Names the table: source, folder, and what else decides what is in it. */
  readonly name: readonly string[];
  /** Files and folders whose size or time changes when the table would; missing ones count too. */
  readonly files: readonly string[];
}

// Smaller tables are read faster than it is worth keeping an index.
const minRows = 20_000;

// Counts up when a table is read otherwise than before: indexes of earlier versions are made anew.
const readingVersion = 2;

const defaultFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hybridmed', 'index');

async function fingerprintOf({ name, files }: TableOrigin): Promise<string> {
  const stats = await Promise.all(files.map(async (file) => [file, await stat(file).catch(() => undefined)] as const));
  return createHash('sha256')
    .update(JSON.stringify([readingVersion, name, namedEncoding() ?? '', stats.map(([file, status]) => [file, status?.size, status?.mtimeMs])]))
    .digest('hex');
}

/** Opens the index of a table, or builds the table and keeps an index of it where it is large. `index` names the folder; `false` keeps none. */
export async function cachedTable<About>(
  index: string | false | undefined,
  origin: TableOrigin,
  build: () => Promise<{ table: StudyTable<StringColumn>; about: About }>,
): Promise<CachedTable<About>> {
  if (index === false) return { ...(await build()), reused: false };
  const name = createHash('sha256').update(JSON.stringify(origin.name)).digest('hex').slice(0, 16);
  const file = join(index ?? defaultFolder(), `${origin.name[0]}-${name}.studies`);
  // Taken before the files are read: what changes meanwhile makes the index out of date.
  const fingerprint = await fingerprintOf(origin);
  const known = readTableFile(file, fingerprint);
  if (known) return { table: known.table, about: known.about as About, file, reused: true };
  const built = await build();
  if (built.table.length < minRows) return { ...built, reused: false };
  try {
    await writeTableFile(file, built.table, fingerprint, built.about);
    return { ...built, file, reused: false };
  } catch (error) {
    return { ...built, reused: false, problem: `the index ${file} could not be kept (${(error as Error).message}); name another folder with --index` };
  }
}
