// Records of comma-separated values [RFC 4180], from bytes in pieces: one pass, only the wanted cells become strings. A 400,000-row table
// is read in about a second, which is why this is not left to a general parser.

/** What a scanner is told of a file. */
export interface CsvOptions {
  readonly delimiter: number;
  /** A record longer than this is an error: memory stays bounded where a quote is never closed. */
  readonly mostBytes: number;
}

/** Called for each record with a function that reads its cells, and how many there are. */
export type OnRecord = (cell: (index: number) => string, cells: number) => void;

/** Feeds bytes to a scanner. */
export interface CsvScanner {
  /** Takes the next bytes. Returns false when a record is too long. */
  push(chunk: Buffer): boolean;
  /** Ends the last record. Returns false where a quote was not closed. */
  end(): boolean;
}

const [quote, newline, carriage] = [0x22, 0x0a, 0x0d];

/** A cell's text: quotes around it dropped, doubled ones undone; what follows a closing quote stays, as Python's csv module has it. */
function cellText(data: Buffer, start: number, end: number, quoted: boolean): string {
  if (!quoted) return data.toString('utf8', start, end);
  const raw = data.toString('utf8', start, end);
  let text = '';
  let inside = false;
  for (let i = 0; i < raw.length;) {
    const next = raw.indexOf('"', i);
    if (next < 0) return text + raw.slice(i);
    text += raw.slice(i, next);
    if (inside && raw[next + 1] === '"') {
      text += '"';
      i = next + 2;
    } else {
      inside = !inside;
      i = next + 1;
    }
  }
  return text;
}

/** Makes a scanner. Empty lines are no records; lines end in LF, CR LF or CR. */
export function csvScanner({ delimiter, mostBytes }: CsvOptions, onRecord: OnRecord): CsvScanner {
  let data: Buffer = Buffer.alloc(0);
  // Where cells begin and end in `data`, and which of them are quoted.
  let [starts, ends, quoted] = [new Int32Array(64), new Int32Array(64), new Uint8Array(64)];
  let cells = 0;
  let [position, start, inQuotes, isQuoted] = [0, 0, false, false];

  const cell = (index: number): string => cellText(data, starts[index]!, ends[index]!, quoted[index] === 1);
  function grow(): void {
    const wider = new Int32Array(2 * starts.length);
    wider.set(starts);
    starts = wider;
    const widerEnds = new Int32Array(2 * ends.length);
    widerEnds.set(ends);
    ends = widerEnds;
    const widerQuoted = new Uint8Array(2 * quoted.length);
    widerQuoted.set(quoted);
    quoted = widerQuoted;
  }
  function endCell(end: number): void {
    if (cells === starts.length) grow();
    starts[cells] = start;
    ends[cells] = end;
    quoted[cells++] = isQuoted ? 1 : 0;
    isQuoted = false;
  }
  function endRecord(end: number): void {
    const empty = cells === 0 && end === start && !isQuoted;
    if (!empty) {
      endCell(end);
      onRecord(cell, cells);
    }
    cells = 0;
    isQuoted = false;
  }

  return {
    push(chunk) {
      // What is left of an unfinished record moves to the front.
      const from = cells > 0 ? starts[0]! : start;
      if (from > 0 || data.length > 0) {
        data = Buffer.concat([data.subarray(from), chunk]);
        for (let i = 0; i < cells; i++) {
          starts[i]! -= from;
          ends[i]! -= from;
        }
        position -= from;
        start -= from;
      } else data = chunk;
      const { length } = data;
      let i = position;
      for (; i < length; i++) {
        const byte = data[i]!;
        if (inQuotes) {
          // Jump to the next quote; a doubled one closes and opens again.
          const close = data.indexOf(quote, i);
          i = close < 0 ? length - 1 : close;
          if (close >= 0) inQuotes = false;
        } else if (byte === delimiter) {
          endCell(i);
          start = i + 1;
        } else if (byte === newline || byte === carriage) {
          endRecord(i);
          start = i + 1;
        } else if (byte === quote && (i === start || isQuoted)) {
          inQuotes = true;
          isQuoted = true;
        }
      }
      position = i;
      return length - (cells > 0 ? starts[0]! : start) <= mostBytes;
    },
    end() {
      const closed = !inQuotes;
      if (closed) endRecord(data.length);
      return closed;
    },
  };
}
