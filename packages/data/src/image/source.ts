// The bytes of an image: a whole file, or a part of one, as images inside a shard are named.
import { readFile, stat } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DataError, describeFileError } from '../errors.ts';
import { maxFileBytes } from './limits.ts';

// With callbacks these take half the time of their namesakes in node:fs/promises, which shows where images are small.
const [statFile, readWhole] = [promisify(stat), promisify(readFile)];

/** A part of a file or of what a URL names. */
export interface ByteRange {
  readonly source: string;
  readonly start: number;
  readonly length: number;
}

/** The name of a part: `SOURCE#bytes=FIRST-LAST`. */
export const rangeName = ({ source, start, length }: ByteRange): string => `${source}#bytes=${start}-${start + length - 1}`;

/** The part that a name names; undefined for a whole file's name. */
export function rangeOf(name: string): ByteRange | undefined {
  const match = /^(.+)#bytes=(\d+)-(\d+)$/.exec(name);
  return match ? { source: match[1]!, start: Number(match[2]), length: Number(match[3]) - Number(match[2]) + 1 } : undefined;
}

/** Is this something to fetch, not a file? */
export const isUrl = (name: string): boolean => /^https?:\/\//i.test(name);

/** Reads a part of something remote. */
export type RangeReader = (range: ByteRange) => Promise<Uint8Array>;

/** Reads an image's bytes; parts of URLs through `remote`. Throws a DataError that names the file. */
export async function readImageBytes(name: string, remote: RangeReader): Promise<Uint8Array> {
  const range = rangeOf(name);
  if ((range?.length ?? 0) > maxFileBytes) throw tooLarge(name, range!.length);
  if (range) return isUrl(range.source) ? remote(range) : readPart(range);
  try {
    const { size } = await statFile(name);
    if (size > maxFileBytes) throw tooLarge(name, size);
    return await readWhole(name);
  } catch (error) {
    throw describeFileError(name, error);
  }
}

const tooLarge = (name: string, size: number): DataError => new DataError(`${name}: has ${size} bytes, more than ${maxFileBytes}; leave the study out`);

/** Reads a part of a file. Throws a DataError where the file is shorter. */
export async function readPart({ source, start, length }: ByteRange): Promise<Uint8Array> {
  try {
    const file = await open(source);
    try {
      const bytes = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await file.read(bytes, 0, length, start);
      if (bytesRead < length) throw new DataError(`${source}: ends before byte ${start + length}; make the shard again`);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeFileError(source, error);
  }
}
