// The bytes of an image: a whole file, or a part of one, as the images inside a shard are named.
import { readFile, stat } from 'node:fs/promises';
import { DataError, describeFileError } from '../errors.ts';
import { maxFileBytes } from './limits.ts';

/** Reads an image's bytes. Throws a DataError that names the file. */
export async function readImageBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > maxFileBytes) throw new DataError(`${file}: has ${size} bytes, more than ${maxFileBytes}; leave the study out`);
    return await readFile(file);
  } catch (error) {
    throw describeFileError(file, error);
  }
}
