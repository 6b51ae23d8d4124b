// Columns of strings outside the JavaScript heap: their bytes end to end, and where each ends; repeated ones by number.
import { DataError } from '@hybridmed/images/errors';
import { GrowableArray } from './growable-array.ts';

/** Bytes that decode ranges of themselves, as Node's Buffer does; whoever reads these types needs no types of Node. */
export interface TextBytes {
  readonly length: number;
  toString(encoding?: 'utf8', start?: number, end?: number): string;
}

/** Strings by index, wherever their bytes are. */
export interface TextColumn<Bytes extends TextBytes = TextBytes> {
  readonly length: number;
  /** UTF-8, end to end. */
  readonly bytes: Bytes;
  /** Where each string ends in `bytes`: (length) u32. */
  readonly ends: Uint32Array;
}

/** Strings by index, in memory. */
export type StringColumn = TextColumn<TextBytes & Uint8Array>;

/** The string of an index. */
export function stringAt({ bytes, ends }: TextColumn, index: number): string {
  return bytes.toString('utf8', index === 0 ? 0 : ends[index - 1]!, ends[index]!);
}

/** Whether the string of an index is `text`: bytes are compared, since making a string costs more. */
export function isAt({ bytes, ends }: StringColumn, index: number, text: string): boolean {
  const start = index === 0 ? 0 : ends[index - 1]!;
  const length = ends[index]! - start;
  if (length < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // From here on a character may take several bytes.
    if (code > 127) return bytes.toString('utf8', start, start + length) === text;
    if (code !== bytes[start + i]) return false;
  }
  return length === text.length;
}

/** Bytes of the string of an index. */
export const sizeAt = ({ ends }: TextColumn, index: number): number => ends[index]! - (index === 0 ? 0 : ends[index - 1]!);

/** Takes strings one by one. */
export class StringBuilder {
  readonly #bytes = new GrowableArray((length) => Buffer.alloc(length) as Uint8Array);
  readonly #ends = new GrowableArray((length) => new Uint32Array(length));

  get length(): number {
    return this.#ends.length;
  }

  /** Adds a string and returns its index. Throws a DataError where the column passes 4 GiB. */
  add(text: string): number {
    const bytes = this.#bytes;
    const { length } = text;
    bytes.reserve(3 * length);
    const { data } = bytes;
    let i = 0;
    // Ids are short and of one byte a character: written here they cost less than a call.
    if (length <= 64) for (let code: number; i < length && (code = text.charCodeAt(i)) < 128; i++) data[bytes.length + i] = code;
    bytes.length += i === length ? i : (data as Buffer).write(text, bytes.length, 'utf8');
    if (bytes.length > 0xffffffff) throw new DataError('a table holds more than 4 GiB of texts; split it');
    this.#ends.push(bytes.length);
    return this.#ends.length - 1;
  }

  /** The column as it is so far, valid until the next string. */
  view(): StringColumn {
    return { length: this.#ends.length, bytes: this.#bytes.data as Buffer, ends: this.#ends.data };
  }

  finish(): StringColumn {
    const bytes = this.#bytes.finish();
    return { length: this.#ends.length, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), ends: this.#ends.finish() };
  }
}

/** A column whose strings repeat: a number per row, -1 for none, and what the numbers stand for. */
export interface CodedColumn {
  readonly codes: Int32Array;
  readonly values: StringColumn;
}

/** Takes strings that repeat. */
export class CodedBuilder {
  readonly #codes = new GrowableArray((length) => new Int32Array(length));
  readonly #values = new StringBuilder();
  readonly #known = new Map<string, number>();
  // Equal strings mostly follow each other.
  #last = '';
  #lastCode = -1;

  /** Adds a row's string; an empty one is none. Returns its number. */
  add(text: string): number {
    if (text !== this.#last) {
      let code = text === '' ? -1 : this.#known.get(text);
      if (code === undefined) this.#known.set(text, (code = this.#values.add(text)));
      this.#last = text;
      this.#lastCode = code;
    }
    this.#codes.push(this.#lastCode);
    return this.#lastCode;
  }

  finish(): CodedColumn {
    return { codes: this.#codes.finish(), values: this.#values.finish() };
  }
}
