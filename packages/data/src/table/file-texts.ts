// Texts that stay in their file: read a window at a time when one is asked for.
import { closeSync, readSync } from 'node:fs';
import { DataError } from '@hybridmed/images/errors';
import type { TextBytes } from './strings.ts';

// Neighbours are often asked for next; one read of this costs little more than one of a text.
const windowBytes = 1 << 16;

const closing = new FinalizationRegistry<{ descriptor: number; users: number }>((file) => {
  if (--file.users === 0) closeSync(file.descriptor);
});

/** A file that several parts of are read from, open until the last of them is collected: a file put in its place meanwhile is another one. */
export interface OpenTexts {
  readonly descriptor: number;
  users: number;
}

/** Bytes `start` to `start + length` of an open file. */
export class FileTexts implements TextBytes {
  readonly #file: OpenTexts;
  readonly #name: string;
  readonly #start: number;
  readonly length: number;
  #window: Buffer = Buffer.alloc(0);
  #first = 0;

  constructor(file: OpenTexts, name: string, start: number, length: number) {
    this.#file = file;
    this.#name = name;
    this.#start = start;
    this.length = length;
    file.users++;
    closing.register(this, file);
  }

  /** The text in some of the bytes. Throws a DataError where the file has become shorter. */
  toString(encoding: 'utf8' = 'utf8', start = 0, end = this.length): string {
    if (start < this.#first || end > this.#first + this.#window.length) {
      const window = Buffer.allocUnsafeSlow(Math.min(this.length - start, Math.max(windowBytes, end - start)));
      const read = readSync(this.#file.descriptor, window, 0, window.length, this.#start + start);
      if (read < end - start) throw new DataError(`${this.#name}: has become shorter while it was read; open the set again`);
      [this.#window, this.#first] = [window.subarray(0, read), start];
    }
    return this.#window.toString(encoding, start - this.#first, end - this.#first);
  }
}
