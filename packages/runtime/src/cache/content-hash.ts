// Hashes of contents: of a checkpoint's files, and of image files. Names and times do not enter.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { retrievalFile } from '../retrieval/retrieval-file.ts';
import { checkRegular, describeError } from '../files.ts';

// Files read at once.
const lanes = 8;

/** SHA-256 of a file, or of its bytes from `start` to `end`. Throws one line that names a file which cannot be read. */
export async function hashFile(path: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<string> {
  await checkRegular(path);
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, range), hash);
  } catch (error) {
    throw describeError(path, error);
  }
  return hash.digest('hex');
}

/** Hash of what a checkpoint computes: its parameters, configuration and tokenizer, and what it retrieves from. Throws one line naming a file that cannot be read. */
export async function hashCheckpoint(folder: string): Promise<string> {
  const names = ['model.safetensors', 'config.json', 'tokenizer.json', ...(existsSync(join(folder, retrievalFile)) ? [retrievalFile] : [])];
  const parts = await Promise.all(names.map((name) => hashFile(join(folder, name))));
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

/** Hash of the contents of files, in order. A file that is missing throws one line that names it. */
export async function hashFiles(files: readonly string[]): Promise<string> {
  const hashes: string[] = [];
  const lane = async (first: number) => {
    for (let i = first; i < files.length; i += lanes) hashes[i] = await hashFile(files[i]!);
  };
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/** Hash of a list of names, such as the ids of a split: the same for the same names in any order. */
export function hashNames(names: readonly string[]): string {
  return createHash('sha256').update(names.toSorted().join('\n')).digest('hex');
}
