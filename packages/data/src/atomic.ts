// Writing a file so that a kill at any moment leaves either the old or the new one, never half, and making the folders it lies in.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeFileError } from '@hybridmed/images/errors';

export { describeFileError };

/**
 * Makes a folder and those above it that are missing. Unlike `mkdir` of node:fs with `recursive`, which tries for ever where the system
 * answers that a folder just seen is absent (/proc does), it fails. Throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Another process may have made it meanwhile.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Has the disk hold what a folder names, as after a rename. Where folders cannot be flushed (Windows, some network disks) nothing is done. */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/**
 * Writes chunks under a temporary name beside the file, in a folder that is made where it is missing, flushes and renames. Throws what
 * `describe` makes of the system's error: by default a DataError that names the file.
 */
export async function writeFileAtomic(
  path: string,
  chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  describe: (path: string, error: unknown) => Error = describeFileError,
): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, 'w');
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw describe(path, error);
  }
}
