// Records of comma-separated values [RFC 4180], from bytes in pieces: one pass, only the wanted cells become strings. A 400,000-row table
// is read in about a second, which is why this is not left to a general parser.
import { RecordCells } from './csv-cells.ts';

/** Called for each record with a function that reads its cells, and how many there are. */
export type OnRecord = (cell: (index: number) => string, cells: number) => void;

const [quote, newline, carriage] = [0x22, 0x0a, 0x0d];
const [ordinary, separates, ends, quotes] = [0, 1, 2, 3];

/** What each byte is to a scanner. */
function byteKinds(delimiter: number): Uint8Array {
  const kinds = new Uint8Array(256).fill(ordinary);
  kinds[delimiter] = separates;
  kinds[newline] = ends;
  kinds[carriage] = ends;
  kinds[quote] = quotes;
  return kinds;
}

/** Finds records in bytes that come in pieces. Empty lines are no records; lines end in LF, CR LF or CR. */
export class CsvScanner {
  readonly #kinds: Uint8Array;
  readonly #maxBytes: number;
  readonly #onRecord: OnRecord;
  readonly #cells = new RecordCells();
  readonly #cell = (index: number): string => this.#cells.text(this.#data, index);
  #data: Buffer = Buffer.alloc(0);
  // The next byte to look at, and where the current cell starts.
  #position = 0;
  #start = 0;
  #inQuotes = false;
  #isQuoted = false;

  /** A record longer than `maxBytes` is an error: memory stays bounded where a quote is never closed. */
  constructor(delimiter: number, maxBytes: number, onRecord: OnRecord) {
    [this.#kinds, this.#maxBytes, this.#onRecord] = [byteKinds(delimiter), maxBytes, onRecord];
  }

  /** Takes the next bytes. Returns false when a record is too long. */
  push(chunk: Buffer): boolean {
    // What is left of an unfinished record moves to the front.
    const from = this.#cells.start(this.#start);
    if (from < this.#data.length) {
      this.#data = Buffer.concat([this.#data.subarray(from), chunk]);
      this.#cells.shift(from);
    } else this.#data = chunk;
    this.#position -= from;
    this.#start -= from;
    this.#scan();
    return this.#data.length - this.#cells.start(this.#start) <= this.#maxBytes;
  }

  /** Ends the last record. Returns false where a quote was not closed. */
  end(): boolean {
    if (!this.#inQuotes) this.#endRecord(this.#data.length);
    return !this.#inQuotes;
  }

  /** Scans to the end of the bytes. */
  #scan(): void {
    const [data, kinds] = [this.#data, this.#kinds];
    const { length } = data;
    let i = this.#position;
    while (i < length) {
      if (this.#inQuotes) {
        // Jump to the next quote; a doubled one closes and opens again.
        const close = data.indexOf(quote, i);
        if (close < 0) break;
        this.#inQuotes = false;
        i = close + 1;
        continue;
      }
      let kind = ordinary;
      while (i < length && (kind = kinds[data[i]!]!) === ordinary) i++;
      if (i === length) break;
      if (kind === separates) this.#endCell(i);
      else if (kind === ends) this.#endRecord(i);
      else if (i === this.#start || this.#isQuoted) [this.#inQuotes, this.#isQuoted] = [true, true];
      i++;
    }
    this.#position = length;
  }

  #endCell(end: number): void {
    this.#cells.add(this.#start, end, this.#isQuoted);
    this.#isQuoted = false;
    this.#start = end + 1;
  }

  #endRecord(end: number): void {
    const empty = this.#cells.count === 0 && end === this.#start && !this.#isQuoted;
    this.#endCell(end);
    if (!empty) this.#onRecord(this.#cell, this.#cells.count);
    this.#cells.count = 0;
  }
}
