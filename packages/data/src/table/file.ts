// A study table in one file: a line of JSON that says what stands where, then the columns as the processor has them. Opening it is one
// read; nothing is parsed row by row. (Parquet would be read value by value into objects, which takes longer than the whole bound.)
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { writeFileAtomic } from '../atomic.ts';
import { DataError } from '@hybridmed/images/errors';
import type { CodedColumn, StringColumn } from './strings.ts';
import type { ImageLayout, StudyColumns, StudyTable } from './study-table.ts';

/** A column's place: kind, first byte after the header, number of values. */
type Place = readonly [kind: 'u8' | 'i8' | 'i32' | 'u32', start: number, length: number];

interface Header {
  readonly magic: string;
  readonly endianness: string;
  /** What the table was made from; another text means that the file is out of date. */
  readonly fingerprint: string;
  readonly about: unknown;
  readonly root: string;
  readonly layout: ImageLayout;
  readonly labelNames: readonly string[];
  readonly length: number;
  readonly places: Readonly<Record<string, Place>>;
}

// Another number where the same files give other rows: indexes of before are made anew.
const magic = 'hybridmed study table 2';
const headerBytes = 1 << 14;

const parts = (columns: StudyColumns): Record<string, Uint8Array | Int8Array | Int32Array | Uint32Array> => {
  const { ids, findings, impressions, reports, patients, views, ...plain } = columns;
  const text = (name: string, { bytes, ends }: StringColumn) => ({ [`${name}.bytes`]: bytes, [`${name}.ends`]: ends });
  const codes = (name: string, { codes: values, values: texts }: CodedColumn) => ({ [`${name}.codes`]: values, ...text(name, texts) });
  return {
    ...text('ids', ids),
    ...text('findings', findings),
    ...text('impressions', impressions),
    ...codes('reports', reports),
    ...codes('patients', patients),
    ...codes('views', views),
    ...plain,
  };
};

const kindOf = (array: Uint8Array | Int8Array | Int32Array | Uint32Array): Place[0] =>
  array instanceof Int32Array ? 'i32' : array instanceof Uint32Array ? 'u32' : array instanceof Int8Array ? 'i8' : 'u8';

/** Writes a table with what is to be known about it. The file appears when it is whole. */
export async function writeTableFile(file: string, table: StudyTable, fingerprint: string, about: unknown): Promise<void> {
  const { columns, ...rest } = table;
  const arrays = parts(columns);
  const places: Record<string, Place> = {};
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    places[name] = [kindOf(array), at, array.length];
    at += Math.ceil(array.byteLength / 8) * 8;
  }
  const header = Buffer.alloc(headerBytes, ' ');
  const text = JSON.stringify({ magic, endianness: endianness(), fingerprint, about, ...rest, places } satisfies Header);
  if (Buffer.byteLength(text) >= headerBytes) throw new DataError(`${file}: cannot hold all that is to be said of the table`);
  header.write(text);
  const padded = Object.values(arrays).flatMap((array) => {
    const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    return [bytes, Buffer.alloc(-bytes.length & 7)];
  });
  await writeFileAtomic(file, [header, ...padded]);
}

/** Reads a table back, or undefined where the file is absent, damaged, or was made from something else. */
export async function readTableFile(file: string, fingerprint: string): Promise<{ table: StudyTable; about: unknown } | undefined> {
  const data = await readFile(file).catch(() => undefined);
  if (!data || data.length < headerBytes) return undefined;
  let header: Header;
  try {
    header = JSON.parse(data.toString('utf8', 0, headerBytes)) as Header;
  } catch {
    return undefined;
  }
  if (header.magic !== magic || header.endianness !== endianness() || header.fingerprint !== fingerprint) return undefined;
  const { places, about, root, layout, labelNames, length } = header;
  const columns = columnsOf(data, places, length);
  return columns && { table: { root, layout, labelNames, length, columns }, about };
}

/** Views of the columns, or undefined where the header and the file disagree. */
function columnsOf(data: Buffer, places: Header['places'], length: number): StudyColumns | undefined {
  const sizes = { u8: 1, i8: 1, i32: 4, u32: 4 };
  // Views need their start on a multiple of four: a pool's buffer may not be.
  const base = data.byteOffset % 8 === 0 ? data : Buffer.from(new Uint8Array(data));
  const part = <T>(name: string, kind: Place[0], make: new (buffer: ArrayBuffer, start: number, length: number) => T): T => {
    const [stored, start, count] = places[name]!;
    if (stored !== kind || start < 0 || headerBytes + start + count * sizes[kind] > base.length) throw new RangeError(name);
    return new make(base.buffer as ArrayBuffer, base.byteOffset + headerBytes + start, count);
  };
  const text = (name: string): StringColumn => {
    const [bytes, ends] = [part(`${name}.bytes`, 'u8', Uint8Array), part(`${name}.ends`, 'u32', Uint32Array)];
    return { length: ends.length, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), ends };
  };
  const codes = (name: string): CodedColumn => ({ codes: part(`${name}.codes`, 'i32', Int32Array), values: text(name) });
  try {
    const columns: StudyColumns = {
      ids: text('ids'),
      reports: codes('reports'),
      patients: codes('patients'),
      views: codes('views'),
      splits: part('splits', 'u8', Uint8Array),
      endings: part('endings', 'u8', Uint8Array),
      labelRows: part('labelRows', 'i32', Int32Array),
      labels: part('labels', 'i8', Int8Array),
      texts: part('texts', 'i32', Int32Array),
      findings: text('findings'),
      impressions: text('impressions'),
    };
    return columns.ids.length === length ? columns : undefined;
  } catch {
    return undefined;
  }
}
