// Single lines of the shards' indexes on disk: an index is compared with the manifest's hash once, when the first of its lines is asked for.
import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import { checkFile, readingFlags } from '@hybridmed/images/bytes';
import type { Study } from '../study.ts';
import { parseLine } from './manifest.ts';

/** An index and its hash by the manifest. */
export interface ListedIndex {
  readonly file: string;
  readonly sha256: string;
}

// Neighbours are often asked for next; one read of this costs little more than one of a line.
const windowBytes = 1 << 16;

/** Reads lines. */
export class IndexLines {
  readonly #indexes: readonly ListedIndex[];
  readonly #maxBytes: number;
  /** By index: size and time when its hash was taken. */
  readonly #known: string[] = [];
  #window: { readonly index: number; readonly start: number; readonly bytes: Buffer } = { index: -1, start: 0, bytes: Buffer.alloc(0) };

  constructor(indexes: readonly ListedIndex[], maxBytes: number) {
    this.#indexes = indexes;
    this.#maxBytes = maxBytes;
  }

  /** The study on a line of an index. Throws a DataError where the index is not the manifest's, or the line is of another study. */
  studyAt(index: number, start: number, length: number, id: string): Omit<Study, 'image'> {
    const { bytes, start: first } = this.#windowOf(index, start, length);
    const { file } = this.#indexes[index]!;
    const line = parseLine(bytes.toString('utf8', start - first, start - first + length), file);
    if (!('study' in line) || line.study.id !== id) throw notListed(file);
    return line.study;
  }

  #windowOf(index: number, start: number, length: number): { readonly start: number; readonly bytes: Buffer } {
    const { index: held, start: first, bytes } = this.#window;
    if (held === index && start >= first && start + length <= first + bytes.length) return this.#window;
    const { file, sha256 } = this.#indexes[index]!;
    try {
      const descriptor = openSync(file, readingFlags);
      try {
        const stats = fstatSync(descriptor);
        checkFile(file, stats, this.#maxBytes);
        const state = `${stats.size} ${stats.mtimeMs} ${stats.ino}`;
        if (this.#known[index] !== state && hash('sha256', readFileSync(descriptor)) !== sha256) throw notListed(file);
        this.#known[index] = state;
        const window = Buffer.allocUnsafeSlow(Math.max(0, Math.min(stats.size - start, Math.max(windowBytes, length))));
        if (readSync(descriptor, window, 0, window.length, start) < length) throw notListed(file);
        this.#window = { index, start, bytes: window };
        return this.#window;
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw describeFileError(file, error);
    }
  }
}

const notListed = (file: string): DataError => new DataError(`${file}: is not the index that the manifest lists; pack or fetch the set again`);
