// The bytes of an image: a whole file, or a part of one, as images inside a shard are named.
import { hash } from 'node:crypto';
import { close, constants, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { DataError, describeFileError } from '../errors.ts';
import { maxFileBytes } from '../limits.ts';

// With callbacks these take half the time of their namesakes in node:fs/promises, which shows where images are small.
const [openFile, statFile, readFile, closeFile] = [promisify(open), promisify(fstat), promisify(read), promisify(close)];

/** A part of a file or of what a URL names. */
export interface ByteRange {
  readonly source: string;
  readonly start: number;
  readonly length: number;
  /** SHA-256 of its bytes, in hexadecimal, where it is known. */
  readonly sha256?: string | undefined;
}

/** The name of a part: `SOURCE#bytes=FIRST-LAST`, and `&sha256=HASH` where that is known. */
export const rangeName = ({ source, start, length, sha256 }: ByteRange): string =>
  `${source}#bytes=${start}-${start + length - 1}${sha256 === undefined ? '' : `&sha256=${sha256}`}`;

/** The part that a name names; undefined for a whole file's name. */
export function rangeOf(name: string): ByteRange | undefined {
  const [, source, first, last, sha256] = /^(.+)#bytes=(\d+)-(\d+)(?:&sha256=([0-9a-f]{64}))?$/.exec(name) ?? [];
  return source === undefined ? undefined : { source, start: Number(first), length: Number(last) - Number(first) + 1, sha256 };
}

/** Is this something to fetch, not a file? */
export const isUrl = (name: string): boolean => /^https?:\/\//i.test(name);

/** Reads a part of something remote. */
export type RangeReader = (range: ByteRange) => Promise<Uint8Array>;

/** How image files are opened: what is none, as a pipe that nobody writes to, does not make anyone wait. */
export const readingFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Throws a DataError for a part that is larger than an image file may be. */
export function checkPart({ source, length }: ByteRange): void {
  if (length > maxFileBytes) throw tooLarge(source, length);
}

/** Throws a DataError for what is not a file, or is larger than an image file, or `maxBytes`, may be. */
export function checkFile(name: string, stats: { readonly size: number; isFile(): boolean; isDirectory(): boolean }, maxBytes: number = maxFileBytes): void {
  if (!stats.isFile()) throw new DataError(`${name}: is ${stats.isDirectory() ? 'a folder' : 'no regular file'}; name a file`);
  if (stats.size > maxBytes) throw tooLarge(name, stats.size, maxBytes);
}

const tooLarge = (name: string, size: number, most = maxFileBytes): DataError =>
  new DataError(`${name}: has ${size} bytes, more than ${most}; leave the study out`);

/** What is said where a part lies beyond its file's end. */
export const endsBefore = ({ source, start, length }: ByteRange): DataError =>
  new DataError(`${source}: ends before byte ${start + length}; make the shard again`);

/** The bytes of a part. Throws a DataError where they are not those whose hash is known. */
export function verified({ source, start, length, sha256 }: ByteRange, bytes: Uint8Array): Uint8Array {
  if (sha256 !== undefined && hash('sha256', bytes) !== sha256)
    throw new DataError(
      `${source}: the image in bytes ${start} to ${start + length - 1} is not the one that was packed; restore the shard or leave the study out`,
    );
  return bytes;
}

/** Reads an image's bytes; parts of URLs through `remote`. Throws a DataError that names the file. */
export async function readImageBytes(name: string, remote: RangeReader): Promise<Uint8Array> {
  const range = rangeOf(name);
  if (range) checkPart(range);
  if (range && isUrl(range.source)) return verified(range, await remote(range));
  const source = range?.source ?? name;
  try {
    const descriptor = await openFile(source, readingFlags);
    try {
      const stats = await statFile(descriptor);
      if (range === undefined) checkFile(name, stats);
      const { start, length } = range ?? { start: 0, length: stats.size };
      const bytes = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await readFile(descriptor, bytes, 0, length, start);
      if (range && bytesRead < length) throw endsBefore(range);
      return range ? verified(range, bytes) : bytes.subarray(0, bytesRead);
    } finally {
      await closeFile(descriptor);
    }
  } catch (error) {
    throw describeFileError(source, error);
  }
}
