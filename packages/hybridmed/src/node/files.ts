// Writing files so that a kill at any moment leaves either the old or the new content, never half of one.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder as makeFolders, writeFileAtomic as writeAtomic } from '@hybridmed/data/atomic';
import { HybridmedError } from '@hybridmed/tensor';
import { fileError, parseJson } from '../file-error.ts';

export { fileError };

/** Turns an operating-system error into one line that names the file. */
export function describeError(path: string, error: unknown): HybridmedError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof HybridmedError) return error;
  if (code === 'ENOENT' && syscall === 'mkdir') return fileError(path, 'its folder cannot be made', 'name another');
  if (code === 'ENOENT') return fileError(path, 'does not exist', 'check the path');
  if (code === 'EACCES' || code === 'EPERM') return fileError(path, 'may not be read or written', 'check its permissions');
  if (code === 'ENOSPC') return fileError(path, 'no space left on the device', 'free space and run again with --resume; what was saved before is whole');
  if (code === 'EISDIR') return fileError(path, 'is a folder', 'name a file');
  if (code === 'ENOTDIR') return fileError(path, 'is not a folder', 'check the path');
  return fileError(path, (error as Error).message.split('\n')[0]!, 'check the file');
}

/** Writes chunks to a file through a temporary name beside it, flushed before it is renamed. Throws one line that names the file. */
export const writeFileAtomic = (path: string, chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<void> =>
  writeAtomic(path, chunks, describeError);

/** Makes a folder and those above it that are missing. Throws one line that names it. */
export const makeFolder = (path: string): Promise<void> => makeFolders(path).catch((error: unknown) => Promise.reject(describeError(path, error)));

const aside = (folder: string): string => `${folder}.previous`;

/**
 * Replaces a folder by one that `fill` writes: filled under a temporary name, then renamed. Killed at any moment, the folder or
 * its `.previous` copy is whole; `recoverFolder` puts the copy back.
 */
export async function replaceFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(folder), `.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await makeFolders(temporary);
    await fill(temporary);
    if (existsSync(folder)) {
      await rm(aside(folder), { recursive: true, force: true });
      await rename(folder, aside(folder));
    }
    await rename(temporary, folder);
    await rm(aside(folder), { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    await recoverFolder(folder);
    throw describeError(folder, error);
  }
}

/** Undoes what a kill in the middle of `replaceFolder` left. */
export async function recoverFolder(folder: string): Promise<void> {
  if (!existsSync(folder) && existsSync(aside(folder))) await rename(aside(folder), folder);
  else await rm(aside(folder), { recursive: true, force: true });
}

/** Reads and parses a JSON file. Throws one line that names the file and what is wrong. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers check what they read.
export async function readJson(path: string): Promise<any> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw describeError(path, error);
  }
  return parseJson(path, text);
}

/** True where a path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
