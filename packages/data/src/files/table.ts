// Tables by column name: .csv, .tsv or .jsonl, gzipped or not, a row at a time.
import { DataError } from '@hybridmed/images/errors';
import { textChunks, textLines } from './chunks.ts';
import { CsvScanner } from './csv.ts';

/** Which columns are read. Names match whatever their case and the white space around them. */
export interface TableColumns {
  readonly required: readonly string[];
  /** Empty where the table lacks them. */
  readonly optional?: readonly string[];
  /** Reads all other columns too. */
  readonly others?: boolean;
  /** What to do about a missing column, at the end of the message. */
  readonly advice?: (column: string) => string;
}

/** What a table was found to be. */
export interface TableSummary {
  /** Names of the columns in the file. */
  readonly columns: readonly string[];
  readonly rows: number;
  /** Rows left out: another number of cells than the header, or a quote that is never closed. */
  readonly broken: number;
}

/** Takes a row's values, those asked for first and in their order, the names of all of them, and its number, a header's being 1. The list is used again for the next row. */
export type OnRow = (values: readonly string[], names: readonly string[], row: number) => void;

const maxRecord = 1 << 24;
const maxColumns = 4096;
const sameName = (name: string): string => name.trim().toLowerCase();

/** A file's columns, the names in reading order, and where each stands in the file (-1: nowhere). */
interface Plan {
  readonly header: readonly string[];
  readonly names: string[];
  readonly places: number[];
}

function plan(file: string, count: number, nameAt: (i: number) => string, { required, optional = [], others = false, advice = () => '' }: TableColumns): Plan {
  if (count > maxColumns) throw new DataError(`${file}: has ${count} columns, more than ${maxColumns}; it is not a table of images`);
  const header = Array.from({ length: count }, (_, i) => nameAt(i));
  const keys = header.map(sameName);
  const place = (name: string): number => {
    const exact = header.indexOf(name);
    return exact >= 0 ? exact : keys.indexOf(sameName(name));
  };
  const missing = required.find((name) => place(name) < 0);
  if (missing !== undefined)
    throw new DataError(`${file}: has no column "${missing}"; its columns are ${header.slice(0, 40).join(', ').slice(0, 600)}${advice(missing)}`);
  const names = [...required, ...optional];
  const places = names.map(place);
  if (others) {
    const read = new Set(places);
    header.forEach((name, i) => {
      if (!read.has(i)) {
        names.push(name);
        places.push(i);
      }
    });
  }
  return { header, names, places };
}

/** The delimiter: a tab in .tsv files, else whichever of comma, semicolon and tab the header has most of. */
function delimiterOf(file: string, firstLine: string): number {
  if (/\.tsv(\.gz)?$/i.test(file)) return 9;
  const count = (mark: string) => firstLine.length - firstLine.replaceAll(mark, '').length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best)).codePointAt(0)!;
}

async function readSeparated(file: string, columns: TableColumns, onRow: OnRow): Promise<TableSummary> {
  let order: Plan | undefined;
  let [rows, broken] = [0, 0];
  let scanner: CsvScanner | undefined;
  const values: string[] = [];
  const onRecord = (cell: (index: number) => string, cells: number): void => {
    if (!order) order = plan(file, cells, (i) => cell(i).trim(), columns);
    else if (cells !== order.header.length) broken++;
    else {
      rows++;
      const { places, names } = order;
      for (let i = 0; i < places.length; i++) values[i] = places[i]! < 0 ? '' : cell(places[i]!);
      onRow(values, names, rows + broken + 1);
    }
  };
  for await (const chunk of textChunks(file)) {
    let bytes = chunk;
    if (!scanner) {
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
      const line = bytes.toString('latin1', 0, Math.min(bytes.length, 1 << 16)).split(/[\r\n]/, 1)[0]!;
      scanner = new CsvScanner(delimiterOf(file, line), maxRecord, onRecord);
    }
    if (!scanner.push(bytes)) throw new DataError(`${file}: row ${rows + broken + 2} is longer than ${maxRecord >> 20} MiB; a quote is not closed`);
  }
  if (scanner && !scanner.end()) broken++;
  if (!order) throw new DataError(`${file}: is empty; a table begins with the names of its columns`);
  return { columns: order.header, rows, broken };
}

const asCell = (value: unknown): string => (value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** The cells of a row; undefined where a value is nested too deeply to be written. */
function cellsOf(row: Record<string, unknown>, keys: readonly string[]): string[] | undefined {
  try {
    return keys.map((key) => asCell(Object.hasOwn(row, key) ? row[key] : undefined));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** JSON Lines: an object a line; the first one says which columns there are. */
async function readJsonLines(file: string, columns: TableColumns, onRow: OnRow): Promise<TableSummary> {
  let order: Plan | undefined;
  let [rows, broken] = [0, 0];
  for await (const line of textLines(file)) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      broken++;
      continue;
    }
    const row = value as Record<string, unknown>;
    const own = Object.keys(row);
    order ??= plan(file, own.length, (i) => own[i]!, columns);
    const { header, names, places } = order;
    const keys = places.map((place, i) => (place < 0 ? names[i]! : header[place]!));
    const cells = cellsOf(row, keys);
    if (!cells) {
      broken++;
      continue;
    }
    rows++;
    onRow(cells, names, rows + broken);
  }
  if (!order) throw new DataError(`${file}: holds no JSON object; write one a line`);
  return { columns: order.header, rows, broken };
}

/** Reads a table. Throws a DataError naming the file and a missing column, or why the file cannot be read. */
export function readTable(file: string, columns: TableColumns, onRow: OnRow): Promise<TableSummary> {
  return /\.(jsonl|ndjson)(\.gz)?$/i.test(file) ? readJsonLines(file, columns, onRow) : readSeparated(file, columns, onRow);
}
