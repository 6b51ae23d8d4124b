// Reading images on a thread that does nothing else: directly, which takes a twentieth of the time of having it done elsewhere, unless the disk is slow.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { describeFileError } from '../errors.ts';
import type { Scratch } from '../scratch.ts';
import type { ByteRange, RangeReader } from './image-bytes.ts';
import { checkFile, checkPart, endsBefore, isUrl, rangeOf, readImageBytes, readingFlags, verified } from './image-bytes.ts';

// After a read that took this long, so many further ones are not waited for: other images are decoded while the disk turns or the network answers.
const [slowMs, slowReads] = [1, 64];

const maxOpen = 64;

/** Reads images for one thread. Shards stay open, at most `maxOpen` of them, the last used: opening one takes longer than reading from it. */
export class FileReader {
  // The order of a Map is that of insertion: a file used again is put back at its end.
  readonly #open = new Map<string, number>();
  #slow = 0;

  /** An image's bytes, in `scratch` or not; parts of URLs through `remote`. Throws a DataError that names the file. */
  async read(name: string, remote: RangeReader, scratch: Scratch): Promise<Uint8Array> {
    const range = rangeOf(name);
    if (range && isUrl(range.source)) return readImageBytes(name, remote);
    if (this.#slow > 0) {
      this.#slow--;
      return readImageBytes(name, remote);
    }
    const start = performance.now();
    try {
      return range ? this.#part(range, scratch) : whole(name, scratch);
    } catch (error) {
      throw describeFileError(range?.source ?? name, error);
    } finally {
      if (performance.now() - start > slowMs) this.#slow = slowReads;
    }
  }

  #part(range: ByteRange, scratch: Scratch): Uint8Array {
    const { source, start, length } = range;
    checkPart(range);
    const descriptor = this.#open.get(source) ?? openSync(source, readingFlags);
    this.#open.delete(source);
    this.#open.set(source, descriptor);
    for (const [oldest, unused] of this.#open) {
      if (this.#open.size <= maxOpen) break;
      this.#open.delete(oldest);
      closeSync(unused);
    }
    const bytes = scratch.take('file', length);
    if (readSync(descriptor, bytes, 0, length, start) < length) throw endsBefore(range);
    return verified(range, bytes);
  }

  /** Closes the shards. */
  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }
}

function whole(name: string, scratch: Scratch): Uint8Array {
  const descriptor = openSync(name, readingFlags);
  try {
    const stats = fstatSync(descriptor);
    checkFile(name, stats);
    const bytes = scratch.take('file', stats.size);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, stats.size, 0));
  } finally {
    closeSync(descriptor);
  }
}
