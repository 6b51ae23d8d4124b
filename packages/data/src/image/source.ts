// The bytes of an image: a whole file, or a part of one, as images inside a shard are named.
import { closeSync, fstatSync } from 'node:fs';
import { DataError, describeFileError } from '../errors.ts';
import { maxFileBytes } from './limits.ts';
import { openForReading, OpenFiles, readInto } from './open-files.ts';
import type { Scratch } from './scratch.ts';

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

/** What a thread keeps from image to image: shards that stay open, and memory to read into. */
export interface ImageReading {
  readonly files?: OpenFiles;
  readonly scratch?: Scratch;
}

/** Reads an image's bytes; parts of URLs through `remote`. Throws a DataError that names the file. */
export async function readImageBytes(name: string, remote: RangeReader, { files, scratch }: ImageReading = {}): Promise<Uint8Array> {
  const range = rangeOf(name);
  if ((range?.length ?? 0) > maxFileBytes) throw tooLarge(name, range!.length);
  if (range) return isUrl(range.source) ? remote(range) : readPart(range, files, scratch);
  try {
    return await readWhole(name, scratch);
  } catch (error) {
    throw describeFileError(name, error);
  }
}

const tooLarge = (name: string, size: number): DataError => new DataError(`${name}: has ${size} bytes, more than ${maxFileBytes}; leave the study out`);

const memory = (length: number, scratch: Scratch | undefined): Uint8Array => scratch?.take('file', length) ?? Buffer.allocUnsafeSlow(length);

async function readWhole(name: string, scratch: Scratch | undefined): Promise<Uint8Array> {
  const descriptor = await openForReading(name);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new DataError(`${name}: is ${stats.isDirectory() ? 'a folder' : 'no regular file'}; name a file`);
    if (stats.size > maxFileBytes) throw tooLarge(name, stats.size);
    const bytes = memory(stats.size, scratch);
    return bytes.subarray(0, await readInto(descriptor, bytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a part of a file, which stays open among `files` where there are any. Throws a DataError where the file is shorter. */
async function readPart({ source, start, length }: ByteRange, files: OpenFiles | undefined, scratch: Scratch | undefined): Promise<Uint8Array> {
  const open = files ?? new OpenFiles();
  try {
    const bytes = memory(length, scratch);
    if ((await open.read(source, bytes, start)) < length) throw new DataError(`${source}: ends before byte ${start + length}; make the shard again`);
    return bytes;
  } catch (error) {
    throw describeFileError(source, error);
  } finally {
    if (files === undefined) open.close();
  }
}
