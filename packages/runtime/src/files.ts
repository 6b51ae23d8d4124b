// Writing files so that a kill at any moment leaves either the old or the new content, never half of one.
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DataError } from '@hybridmed/data/browser';
import { flushFolder, makeFolder as makeFolders, writeFileAtomic as writeAtomic } from '@hybridmed/data/atomic';
import { fileError, parseJson } from '@hybridmed/model/file-error';
import { HybridmedError } from '@hybridmed/tensor';

export { fileError, parseJson };

export { encodePicture } from './encode-picture.ts';
export type { Picture } from './encode-picture.ts';

/** Turns an operating-system error into one line that names the file. */
export function describeError(path: string, error: unknown): HybridmedError | DataError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof HybridmedError || error instanceof DataError) return error;
  if (code === 'ENOENT' && syscall === 'mkdir') return fileError(path, 'its folder cannot be made', 'name another');
  if (code === 'ENOENT') return fileError(path, 'does not exist', 'check the path');
  if (code === 'EACCES' || code === 'EPERM') return fileError(path, 'may not be read or written', 'check its permissions');
  if (code === 'ENOSPC') return fileError(path, 'no space left on the device', 'free space and run again with --resume; what was saved before is whole');
  if (code === 'EDQUOT') return fileError(path, 'the quota of the disk is used up', 'free space and run again with --resume; what was saved before is whole');
  if (code === 'EROFS') return fileError(path, 'its file system is mounted read-only', 'name a folder elsewhere, or mount it for writing');
  if (code === 'EFBIG')
    return fileError(
      path,
      'is larger than a file may be here',
      'raise the limit (ulimit -f), or name a folder on a file system that holds larger files; what was saved before is whole',
    );
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

const temporaryBeside = (path: string): string => join(dirname(path), `.${randomBytes(4).toString('hex')}.tmp`);

/**
 * Replaces a folder by one that `fill` writes: filled under a temporary name, then renamed. Killed at any moment, the folder or
 * its `.previous` copy is whole; `recoverFolder` puts the copy back. With `keepAs` the copy has that name, and stays.
 */
export async function replaceFolder(folder: string, fill: (temporary: string) => Promise<void>, keepAs?: string): Promise<void> {
  const temporary = temporaryBeside(folder);
  try {
    await makeFolders(temporary);
    await fill(temporary);
    await flushFolder(temporary);
    const copy = keepAs ?? aside(folder);
    if (existsSync(folder)) {
      await rm(copy, { recursive: true, force: true });
      await rename(folder, copy);
    }
    await rename(temporary, folder);
    await flushFolder(dirname(folder));
    await rm(aside(folder), { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    await recoverFolder(folder);
    if (keepAs !== undefined && !existsSync(folder)) await moveFolder(keepAs, folder);
    throw describeError(folder, error);
  }
}

/** Undoes what a kill in the middle of `replaceFolder` left. */
export async function recoverFolder(folder: string): Promise<void> {
  try {
    if (!existsSync(folder) && existsSync(aside(folder))) await rename(aside(folder), folder);
    else await rm(aside(folder), { recursive: true, force: true });
  } catch (error) {
    throw describeError(folder, error);
  }
}

/**
 * The folder for a reader: itself or, where `replaceFolder` was killed between its renames, the whole copy beside it; undefined where there
 * is neither. Nothing is renamed, since a writer may be at work: for that one a moment is waited.
 */
export async function readableFolder(folder: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < 5 && !existsSync(folder) && existsSync(aside(folder)); attempt++) await pause(20);
  return [folder, aside(folder)].find((path) => existsSync(path));
}

/** Renames a folder, in place of another one that goes, if there is one; does nothing where there is none to rename. */
export async function moveFolder(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await removeFolder(to);
  await rename(from, to).catch((error: unknown) => Promise.reject(describeError(from, error)));
  await flushFolder(dirname(to));
}

/** Removes a folder, which no kill leaves half removed under its name. */
export async function removeFolder(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const temporary = temporaryBeside(folder);
  try {
    await rename(folder, temporary);
    await rm(temporary, { recursive: true, force: true });
  } catch (error) {
    throw describeError(folder, error);
  }
}

/** Removes what kills in the middle of `replaceFolder` and `writeFileAtomic` left half-written in a folder; only its one writer may call this. */
export async function removeTemporaries(parent: string): Promise<void> {
  try {
    const names = existsSync(parent) ? await readdir(parent) : [];
    for (const name of names) if (/^(?!run\.lock).*\.[0-9a-f]{8}\.tmp$/.test(name)) await rm(join(parent, name), { recursive: true, force: true });
  } catch (error) {
    throw describeError(parent, error);
  }
}

/** Throws one line where a folder cannot be made at a path, since a file is there or above: checked before long work whose results go there. */
export function checkFolderPath(path: string): void {
  let above = resolve(path);
  while (!existsSync(above)) above = dirname(above);
  if (!statSync(above).isDirectory()) throw fileError(path, above === resolve(path) ? 'is a file' : `${above} is a file`, 'name a folder');
}

// The largest tokenizer.json has some 30 MB; a device or a wrong file must not fill the memory.
const maxJsonBytes = 2 ** 28;

/** Throws one line where a path names a pipe, a socket or a device, which may have no end: folders from elsewhere may hold them. */
export async function checkRegular(path: string): Promise<void> {
  const entry = await stat(path).catch((error: unknown) => Promise.reject(describeError(path, error)));
  if (!entry.isFile() && !entry.isDirectory()) throw fileError(path, 'is no regular file', 'name a file');
}

/**
 * Reads a text of at most `maxBytes`. Throws one line that names the file; `what` says which kind of file to name where it is larger. With
 * `pipes` the path is the user's own, and may be a pipe.
 */
export async function readText(path: string, maxBytes: number, what: string, { pipes = false }: { pipes?: boolean } = {}): Promise<string> {
  if (!pipes) await checkRegular(path);
  const parts: Buffer[] = [];
  try {
    for await (const part of createReadStream(path, { end: maxBytes })) parts.push(part as Buffer);
  } catch (error) {
    throw describeError(path, error);
  }
  const bytes = Buffer.concat(parts);
  if (bytes.length > maxBytes) throw fileError(path, `has more than ${maxBytes / 2 ** 20} MiB`, `name a ${what}`);
  return decodeUtf8(path, bytes);
}

/** Reads and parses a JSON file, with or without a byte order mark. Throws one line that names the file and what is wrong. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers check what they read.
export const readJson = async (path: string): Promise<any> => parseJson(path, await readText(path, maxJsonBytes, 'JSON file'));

/** A file's bytes as text, without its mark. Throws one line that names a file which is not UTF-8: nothing is replaced. */
export function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fileError(path, 'is no text in UTF-8', 'save it in UTF-8');
  }
}

/** True where a path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
