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

/** Longest text that a column's next row is compared with before it is made anew. */
const remembered = 16;

/** Texts of cells by column: ids, views, labels and splits mostly repeat the row before, and comparing bytes costs less than a new string. */
function cellReader(): (data: Buffer, column: number, start: number, end: number, quoted: boolean) => string {
  const before: { text: string; length: number; bytes: Uint8Array }[] = [];
  return (data, column, start, end, quoted) => {
    const length = end - start;
    if (length === 0) return '';
    if (quoted || length > remembered) return cellText(data, start, end, quoted);
    const last = (before[column] ??= { text: '', length: 0, bytes: new Uint8Array(remembered) });
    const { bytes } = last;
    let i = 0;
    if (length === last.length) while (i < length && data[start + i] === bytes[i]) i++;
    if (i === length) return last.text;
    for (i = 0; i < length; i++) bytes[i] = data[start + i]!;
    last.length = length;
    return (last.text = cellText(data, start, end, false));
  };
}

const [ordinary, separates, ends, quotes] = [0, 1, 2, 3];

/** Makes a scanner. Empty lines are no records; lines end in LF, CR LF or CR. */
export function csvScanner({ delimiter, mostBytes }: CsvOptions, onRecord: OnRecord): CsvScanner {
  const kinds = new Uint8Array(256).fill(ordinary);
  kinds[delimiter] = separates;
  kinds[newline] = ends;
  kinds[carriage] = ends;
  kinds[quote] = quotes;
  let data: Buffer = Buffer.alloc(0);
  // Where cells begin and end in `data`, and whether they are quoted: three numbers a cell.
  let places = new Int32Array(3 * 64);
  let cells = 0;
  let [position, start, inQuotes, isQuoted] = [0, 0, false, false];
  const read = cellReader();
  const cell = (index: number): string => read(data, index, places[3 * index]!, places[3 * index + 1]!, places[3 * index + 2] === 1);

  function endCell(end: number): void {
    const at = 3 * cells++;
    if (at === places.length) {
      const wider = new Int32Array(2 * places.length);
      wider.set(places);
      places = wider;
    }
    places[at] = start;
    places[at + 1] = end;
    places[at + 2] = isQuoted ? 1 : 0;
    isQuoted = false;
    start = end + 1;
  }
  function endRecord(end: number): void {
    const empty = cells === 0 && end === start && !isQuoted;
    endCell(end);
    if (!empty) onRecord(cell, cells);
    cells = 0;
  }

  /** Scans from `position` to the end of `data`. */
  function scan(): void {
    const bytes = data;
    const { length } = bytes;
    let i = position;
    while (i < length) {
      if (inQuotes) {
        // Jump to the next quote; a doubled one closes and opens again.
        const close = bytes.indexOf(quote, i);
        if (close < 0) break;
        inQuotes = false;
        i = close + 1;
        continue;
      }
      let kind = ordinary;
      while (i < length && (kind = kinds[bytes[i]!]!) === ordinary) i++;
      if (i === length) break;
      if (kind === separates) endCell(i);
      else if (kind === ends) endRecord(i);
      else if (i === start || isQuoted) {
        inQuotes = true;
        isQuoted = true;
      }
      i++;
    }
    position = length;
  }

  return {
    push(chunk) {
      // What is left of an unfinished record moves to the front.
      const from = cells > 0 ? places[0]! : start;
      if (from < data.length) {
        data = Buffer.concat([data.subarray(from), chunk]);
        for (let i = 0; i < cells; i++) {
          places[3 * i]! -= from;
          places[3 * i + 1]! -= from;
        }
      } else data = chunk;
      position -= from;
      start -= from;
      scan();
      return data.length - (cells > 0 ? places[0]! : start) <= mostBytes;
    },
    end() {
      const closed = !inQuotes;
      if (closed) endRecord(data.length);
      return closed;
    },
  };
}
