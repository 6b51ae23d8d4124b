// The cells of a record of comma-separated values: where they lie in the bytes that are being scanned, and their texts.

/** A cell's text: quotes around it dropped, doubled ones undone; what follows a closing quote stays, as Python's csv module has it. */
function cellText(data: Buffer, start: number, end: number, quoted: boolean): string {
  const raw = data.toString('utf8', start, end);
  if (!quoted) return raw;
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
const maxRemembered = 16;

/** The cells of the record that is being read. */
export class RecordCells {
  /** How many there are. */
  count = 0;
  // Three numbers a cell: its start, its end, 1 where it is quoted.
  #places = new Int32Array(3 * 64);
  // Ids, views, labels and splits mostly repeat the row before, and comparing bytes costs less than a new string.
  readonly #before: { text: string; length: number; readonly bytes: Uint8Array }[] = [];

  /** Adds the cell at [start, end) of the bytes. */
  add(start: number, end: number, quoted: boolean): void {
    const at = 3 * this.count++;
    if (at === this.#places.length) {
      const wider = new Int32Array(2 * at);
      wider.set(this.#places);
      this.#places = wider;
    }
    this.#places[at] = start;
    this.#places[at + 1] = end;
    this.#places[at + 2] = quoted ? 1 : 0;
  }

  /** Where the first cell starts; of no cells, `otherwise`. */
  start(otherwise: number): number {
    return this.count > 0 ? this.#places[0]! : otherwise;
  }

  /** The bytes have moved to the front by so many. */
  shift(by: number): void {
    for (let i = 0; i < this.count; i++) {
      this.#places[3 * i]! -= by;
      this.#places[3 * i + 1]! -= by;
    }
  }

  /** A cell's text. */
  text(data: Buffer, index: number): string {
    const [start, end, quoted] = [this.#places[3 * index]!, this.#places[3 * index + 1]!, this.#places[3 * index + 2] === 1];
    const length = end - start;
    if (length === 0) return '';
    if (quoted || length > maxRemembered) return cellText(data, start, end, quoted);
    const last = (this.#before[index] ??= { text: '', length: 0, bytes: new Uint8Array(maxRemembered) });
    const { bytes } = last;
    let i = 0;
    if (length === last.length) while (i < length && data[start + i] === bytes[i]) i++;
    if (i === length) return last.text;
    for (i = 0; i < length; i++) bytes[i] = data[start + i]!;
    last.length = length;
    return (last.text = cellText(data, start, end, false));
  }
}
