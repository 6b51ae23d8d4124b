// The studies of a packed set by its columns; texts and whatever else is known of one are read from its shard's index when they are asked for.
import type { Candidate, Split, Study } from '../study.ts';
import { rangeName } from '@hybridmed/images/bytes';
import type { LazyRows, SectionWords, StudyRowViews } from '../table/lazy-study.ts';
import { lazyStudy, RowView } from '../table/lazy-study.ts';
import type { CodedColumn } from '../table/strings.ts';
import { stringAt } from '../table/strings.ts';
import { splitNames } from '../table/study-table.ts';
import type { IndexLines } from './index-lines.ts';
import type { PackedColumns } from './packed-columns.ts';
import { flagBits } from './packed-columns.ts';

/** All of a packed set's studies, in its order. Rows are those of the columns. */
export class PackedRows implements StudyRowViews, LazyRows {
  readonly columns: PackedColumns;
  readonly #archives: readonly string[];
  readonly #shards: Uint32Array;
  readonly #lines: IndexLines;
  #last: { readonly row: number; readonly study: Omit<Study, 'image'> } | undefined;

  /** `archives` with their number of rows, in order. */
  constructor(columns: PackedColumns, archives: readonly { readonly name: string; readonly rows: number }[], lines: IndexLines) {
    this.columns = columns;
    this.#archives = archives.map(({ name }) => name);
    this.#shards = new Uint32Array(columns.order.length);
    this.#lines = lines;
    let at = 0;
    for (const [shard, { rows }] of archives.entries()) this.#shards.fill(shard, at, (at += rows));
  }

  get length(): number {
    return this.columns.order.length;
  }

  imageOf(row: number): string {
    const { starts, lengths, hashes } = this.columns;
    const sha256 = Buffer.from(hashes.buffer, hashes.byteOffset + 32 * row, 32).toString('hex');
    return rangeName({ source: this.#archives[this.#shards[row]!]!, start: starts[row]!, length: lengths[row]!, sha256 });
  }

  /** What the index says of the study. Throws a DataError where the index is not the manifest's. */
  studyOf(row: number): Omit<Study, 'image'> {
    if (this.#last?.row !== row) {
      const { ids, lineStarts, lineLengths } = this.columns;
      const study = this.#lines.studyAt(this.#shards[row]!, lineStarts[row]!, lineLengths[row]!, stringAt(ids, row));
      this.#last = { row, study };
    }
    return this.#last!.study;
  }

  fieldsOf(row: number): readonly string[] {
    return [...Object.keys(this.studyOf(row)), 'image'];
  }

  valueOf(row: number, field: string): unknown {
    const own = columnFields[field];
    if (own) return own(this, row);
    const study = this.studyOf(row);
    return Object.hasOwn(study, field) ? study[field as keyof typeof study] : undefined;
  }

  *[Symbol.iterator](): Generator<RowView> {
    // One view for all rows: objects that live for a moment take more memory than what is kept.
    const view = new PackedView(this);
    for (const row of this.columns.order) {
      view.row = row;
      yield view;
    }
  }
}

const coded = ({ codes, values }: CodedColumn, row: number): string | undefined => (codes[row]! < 0 ? undefined : stringAt(values, codes[row]!));

/** What the columns say by themselves. */
const columnFields: Readonly<Record<string, ((rows: PackedRows, row: number) => string | undefined) | undefined>> = Object.assign(
  Object.create(null) as object,
  {
    id: ({ columns }: PackedRows, row: number) => stringAt(columns.ids, row),
    report: ({ columns }: PackedRows, row: number) => coded(columns.reports, row) ?? '',
    patient: ({ columns }: PackedRows, row: number) => coded(columns.patients, row) ?? (columns.flags[row]! & flagBits.emptyPatient ? '' : undefined),
    view: ({ columns }: PackedRows, row: number) => coded(columns.views, row) ?? (columns.flags[row]! & flagBits.emptyView ? '' : undefined),
    split: ({ columns }: PackedRows, row: number) => splitNames[columns.splits[row]!],
    image: (rows: PackedRows, row: number) => rows.imageOf(row),
  },
);

/** A row that reads the columns, and the index where they do not say. */
class PackedView extends RowView {
  readonly #rows: PackedRows;
  row = 0;

  constructor(rows: PackedRows) {
    super();
    this.#rows = rows;
  }

  #value<K extends keyof Study>(field: K): Study[K] {
    return this.#rows.valueOf(this.row, field) as Study[K];
  }

  get id(): string {
    return this.#value('id');
  }

  get report(): string {
    return this.#value('report');
  }

  get patient(): string | undefined {
    return this.#value('patient');
  }

  get image(): string {
    return this.#value('image');
  }

  get findings(): string {
    return this.#value('findings');
  }

  get impression(): string {
    return this.#value('impression');
  }

  get view(): string | undefined {
    return this.#value('view');
  }

  get labels(): Study['labels'] {
    return this.#value('labels');
  }

  get publishedLabels(): Study['publishedLabels'] {
    return this.#value('publishedLabels');
  }

  get split(): Split {
    return this.#value('split');
  }

  get absent(): undefined {
    return undefined;
  }

  get words(): SectionWords {
    const { findingsWords, impressionsWords } = this.#rows.columns;
    return [findingsWords[this.row]!, impressionsWords[this.row]!];
  }

  get labelled(): boolean {
    return (this.#rows.columns.flags[this.row]! & flagBits.labelled) !== 0;
  }

  keep(split: Split): Candidate<Study> {
    return lazyStudy(this.#rows, this.row, split);
  }
}
