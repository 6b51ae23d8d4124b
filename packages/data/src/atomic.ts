// Writing a file so that a kill at any moment leaves either the old or the new one, never half.
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeFileError } from './errors.ts';

/** Writes chunks under a temporary name beside the file, flushes and renames. Throws a DataError that names the file. */
export async function writeFileAtomic(path: string, chunks: Iterable<Uint8Array | string>): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'w');
    try {
      for (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw describeFileError(path, error);
  }
}
