// The columns of a packed set, which its packing writes: where each image and each line of an index lies, and what a selection asks for.
import { hash } from 'node:crypto';
import { DataError } from '@hybridmed/images/errors';
import type { ColumnReader } from '../table/column-file.ts';
import { codedParts, columnChunks, openColumns, textParts } from '../table/column-file.ts';
import { GrowableArray } from '../table/growable-array.ts';
import type { CodedColumn, StringColumn } from '../table/strings.ts';
import { CodedBuilder, StringBuilder } from '../table/strings.ts';
import { splitNames } from '../table/study-table.ts';
import { countedWords } from '../text.ts';
import type { IndexLine, ShardManifest } from './manifest.ts';

const magic = 'hybridmed packed studies 1';

/** Bits of `flags`: there is a label; a patient or view that is an empty text, not absent. */
export const flagBits = { labelled: 1, emptyPatient: 2, emptyView: 4 } as const;

/** Columns of equal length, a row a study, shard after shard. */
export interface PackedColumns {
  /** The rows in the set's order. */
  readonly order: Uint32Array;
  /** Images: first byte in the archive, bytes, and SHA-256 (rows, 32). */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  readonly hashes: Uint8Array;
  /** Lines of the shard's index: first byte and bytes. */
  readonly lineStarts: Uint32Array;
  readonly lineLengths: Uint32Array;
  readonly ids: StringColumn;
  readonly reports: CodedColumn;
  readonly patients: CodedColumn;
  readonly views: CodedColumn;
  /** Index into `splitNames`. */
  readonly splits: Uint8Array;
  readonly findingsWords: Uint16Array;
  readonly impressionsWords: Uint16Array;
  readonly flags: Uint8Array;
}

const bytes = () => new GrowableArray((length) => new Uint8Array(length));
const shorts = () => new GrowableArray((length) => new Uint16Array(length));
const words = () => new GrowableArray((length) => new Uint32Array(length));

/** Takes the lines of indexes, shard after shard, and gives the file of their columns. */
export class PackedColumnsBuilder {
  readonly #positions = words();
  readonly #starts = new GrowableArray((length) => new Float64Array(length));
  readonly #lengths = words();
  readonly #hashes = bytes();
  readonly #lineStarts = words();
  readonly #lineLengths = words();
  readonly #ids = new StringBuilder();
  readonly #reports = new CodedBuilder();
  readonly #patients = new CodedBuilder();
  readonly #views = new CodedBuilder();
  readonly #splits = bytes();
  readonly #findingsWords = shorts();
  readonly #impressionsWords = shorts();
  readonly #flags = bytes();

  /** Adds an index: its lines, and their places in its text. */
  add(text: string, lines: readonly IndexLine[]): void {
    let [at, next] = [0, 0];
    for (const line of text.trimEnd().split('\n')) {
      const length = Buffer.byteLength(line);
      // The first is the header.
      if (at > 0) this.#addLine(lines[next++]!, at, length);
      at += length + 1;
    }
  }

  #addLine(line: IndexLine, at: number, length: number): void {
    if (!('study' in line) || line.sha256 === undefined) throw new DataError('only studies whose images have hashes have columns');
    const { study } = line;
    this.#positions.push(line.position);
    this.#starts.push(line.start);
    this.#lengths.push(line.length);
    for (const byte of Buffer.from(line.sha256, 'hex')) this.#hashes.push(byte);
    this.#lineStarts.push(at);
    this.#lineLengths.push(length);
    this.#ids.add(study.id);
    this.#reports.add(study.report);
    this.#patients.add(study.patient ?? '');
    this.#views.add(study.view ?? '');
    this.#splits.push(splitNames.indexOf(study.split));
    this.#findingsWords.push(countedWords(study.findings));
    this.#impressionsWords.push(countedWords(study.impression));
    const { labelled, emptyPatient, emptyView } = flagBits;
    const some = Object.keys(study.labels ?? {}).length > 0;
    this.#flags.push((some ? labelled : 0) | (study.patient === '' ? emptyPatient : 0) | (study.view === '' ? emptyView : 0));
  }

  /** The file's bytes in pieces. */
  finish(file: string): Uint8Array[] {
    const positions = this.#positions.finish();
    const order = Uint32Array.from(positions.keys()).toSorted((a, b) => positions[a]! - positions[b]! || a - b);
    return columnChunks(
      file,
      magic,
      {},
      {
        order,
        starts: this.#starts.finish(),
        lengths: this.#lengths.finish(),
        hashes: this.#hashes.finish(),
        lineStarts: this.#lineStarts.finish(),
        lineLengths: this.#lineLengths.finish(),
        ...textParts('ids', this.#ids.finish()),
        ...codedParts('reports', this.#reports.finish()),
        ...codedParts('patients', this.#patients.finish()),
        ...codedParts('views', this.#views.finish()),
        splits: this.#splits.finish(),
        findingsWords: this.#findingsWords.finish(),
        impressionsWords: this.#impressionsWords.finish(),
        flags: this.#flags.finish(),
      },
    );
  }
}

/**
 * Opens the columns that a manifest lists; undefined where they are of another kind of processor. Throws a DataError where they are not
 * those of the manifest, or say what cannot be.
 */
export function openPackedColumns(file: string, { columns: listed, shards }: ShardManifest): PackedColumns | undefined {
  const reader = openColumns(file, magic);
  if (!reader) return undefined;
  if (hash('sha256', reader.bytes) !== listed!.sha256) throw new DataError(`${file}: is not what the manifest lists; pack or fetch the set again`);
  try {
    const columns = columnsOf(reader);
    check(
      columns,
      shards.reduce((sum, { studies }) => sum + studies, 0),
    );
    return columns;
  } catch (error) {
    throw new DataError(`${file}: is not the table of these shards (${(error as Error).message}); pack the set again`);
  }
}

const columnsOf = ({ column, text, coded }: ColumnReader<unknown>): PackedColumns => ({
  order: column('order', 'u32'),
  starts: column('starts', 'f64'),
  lengths: column('lengths', 'u32'),
  hashes: column('hashes', 'u8'),
  lineStarts: column('lineStarts', 'u32'),
  lineLengths: column('lineLengths', 'u32'),
  ids: text('ids'),
  reports: coded('reports'),
  patients: coded('patients'),
  views: coded('views'),
  splits: column('splits', 'u8'),
  findingsWords: column('findingsWords', 'u16'),
  impressionsWords: column('impressionsWords', 'u16'),
  flags: column('flags', 'u8'),
});

/** Throws an Error for columns of unlike lengths, and for values that name no row, part or place. */
function check({ hashes, reports, patients, views, ...plain }: PackedColumns, rows: number): void {
  const lengths = { hashes: hashes.length / 32, reports: reports.codes.length, patients: patients.codes.length, views: views.codes.length };
  const all = { ...lengths, ...Object.fromEntries(Object.entries(plain).map(([name, { length }]) => [name, length])) };
  for (const [name, length] of Object.entries(all)) if (length !== rows) throw new Error(`"${name}" has ${length} rows, not ${rows}`);
  const { order, starts, splits } = plain;
  const seen = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    if (order[row]! >= rows || seen[order[row]!]) throw new Error('"order" is none');
    seen[order[row]!] = 1;
    if (!(Number.isSafeInteger(starts[row]) && starts[row]! >= 0)) throw new Error('"starts" are no places');
    if (splits[row]! >= splitNames.length) throw new Error('"splits" are none');
  }
}
