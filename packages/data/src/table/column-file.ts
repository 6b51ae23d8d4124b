// Columns in one file: a line of JSON that says what stands where, then the columns as the processor has them. Opening it is one read;
// nothing is parsed row by row. (Parquet would be read value by value into objects, which takes longer than the whole bound.)
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { writeFileAtomic } from '../atomic.ts';
import { DataError } from '@hybridmed/images/errors';
import type { OpenTexts } from './file-texts.ts';
import { FileTexts } from './file-texts.ts';
import type { CodedColumn, StringColumn, TextBytes, TextColumn } from './strings.ts';

const kinds = { u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i32: Int32Array, u32: Uint32Array, f64: Float64Array } as const;
type Kind = keyof typeof kinds;

/** A column. */
export type Column = Uint8Array | Int8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** A column's place: kind, first byte after the header, number of values. */
type Place = readonly [kind: Kind, start: number, length: number];

interface Header {
  readonly magic: string;
  readonly endianness: string;
  readonly places: Readonly<Record<string, Place>>;
}

const headerBytes = 1 << 14;

const kindOf = (array: Column): Kind => (Object.keys(kinds) as Kind[]).find((kind) => array instanceof kinds[kind])!;

/** Names of a text column's parts. */
export const textParts = (name: string, { bytes, ends }: StringColumn): Record<string, Column> => ({ [`${name}.ends`]: ends, [`${name}.bytes`]: bytes });

/** Names of a coded column's parts. */
export const codedParts = (name: string, { codes, values }: CodedColumn): Record<string, Column> => ({ [`${name}.codes`]: codes, ...textParts(name, values) });

/** The file's bytes in pieces. `facts` is what is to be known beside the columns; those that stay in the file when it is opened come last. */
export function columnChunks(file: string, magic: string, facts: object, arrays: Readonly<Record<string, Column>>): Uint8Array[] {
  const places: Record<string, Place> = {};
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    places[name] = [kindOf(array), at, array.length];
    at += Math.ceil(array.byteLength / 8) * 8;
  }
  const header = Buffer.alloc(headerBytes, ' ');
  const text = JSON.stringify({ ...facts, magic, endianness: endianness(), places } satisfies Header);
  if (Buffer.byteLength(text) >= headerBytes) throw new DataError(`${file}: cannot hold all that is to be said of the table`);
  header.write(text);
  const padded = Object.values(arrays).flatMap((array) => {
    const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    return [bytes, Buffer.alloc(-bytes.length & 7)];
  });
  return [header, ...padded];
}

/** Writes such a file, which appears when it is whole. */
export const writeColumns = (file: string, magic: string, facts: object, arrays: Readonly<Record<string, Column>>): Promise<void> =>
  writeFileAtomic(file, columnChunks(file, magic, facts, arrays));

/** An opened file's columns by name. Each throws a RangeError where the file has no such column. */
export interface ColumnReader<Facts> {
  readonly facts: Facts;
  /** All bytes but those of columns that stay in the file, for their hash. */
  readonly bytes: Uint8Array;
  column<K extends Kind>(name: string, kind: K): InstanceType<(typeof kinds)[K]>;
  text(name: string): StringColumn;
  coded(name: string): CodedColumn;
  /** A text column whose bytes stay in the file. */
  textInFile(name: string): TextColumn;
}

/**
 * Opens a file of columns, but for the bytes of the text columns named `inFile`, which come last; undefined where it is absent, of another
 * kind of processor, or damaged.
 */
export function openColumns<Facts>(file: string, magic: string, inFile: readonly string[] = []): ColumnReader<Facts> | undefined {
  let opened: OpenTexts | undefined;
  try {
    opened = { descriptor: openSync(file, 'r'), users: 0 };
    return read<Facts>(file, magic, opened, inFile);
  } catch {
    return undefined;
  } finally {
    if (opened?.users === 0 && inFile.length === 0) closeSync(opened.descriptor);
  }
}

function read<Facts>(file: string, magic: string, opened: OpenTexts, inFile: readonly string[]): ColumnReader<Facts> | undefined {
  const { size } = fstatSync(opened.descriptor);
  const head = Buffer.alloc(headerBytes);
  if (readSync(opened.descriptor, head, 0, headerBytes, 0) < headerBytes) return undefined;
  const facts = JSON.parse(head.toString('utf8')) as Facts & Header;
  if (facts.magic !== magic || facts.endianness !== endianness()) return undefined;
  const { places } = facts;
  const end = inFile.reduce((least, name) => Math.min(least, headerBytes + places[`${name}.bytes`]![1]), size);
  const bytes = Buffer.allocUnsafeSlow(end);
  if (readSync(opened.descriptor, bytes, 0, end, 0) < end) return undefined;
  const placeOf = (name: string, kind: Kind, most: number): [start: number, length: number] => {
    const [stored, start, length] = places[name] ?? [];
    const isPlace = (value: number | undefined): value is number => Number.isSafeInteger(value) && value! >= 0;
    if (stored !== kind || !isPlace(start) || !isPlace(length) || headerBytes + start + length * kinds[kind].BYTES_PER_ELEMENT > most)
      throw new RangeError(name);
    return [headerBytes + start, length];
  };
  const column = <K extends Kind>(name: string, kind: K) => new kinds[kind](bytes.buffer, ...placeOf(name, kind, end)) as InstanceType<(typeof kinds)[K]>;
  const ends = (name: string, { length }: TextBytes): Uint32Array => {
    const all = column(`${name}.ends`, 'u32');
    for (let i = 0, before = 0; i < all.length; before = all[i++]!) if (all[i]! < before || all[i]! > length) throw new RangeError(name);
    return all;
  };
  const text = (name: string): StringColumn => {
    const own = bytes.subarray(...within(placeOf(`${name}.bytes`, 'u8', end)));
    const all = ends(name, own);
    return { length: all.length, bytes: own, ends: all };
  };
  return {
    facts,
    bytes,
    column,
    text,
    coded(name) {
      const [codes, values] = [column(`${name}.codes`, 'i32'), text(name)];
      for (const code of codes) if (code < -1 || code >= values.length) throw new RangeError(name);
      return { codes, values };
    },
    textInFile(name) {
      const own = new FileTexts(opened, file, ...placeOf(`${name}.bytes`, 'u8', size));
      const all = ends(name, own);
      return { length: all.length, bytes: own, ends: all };
    },
  };
}

const within = ([start, length]: [number, number]): [number, number] => [start, start + length];
