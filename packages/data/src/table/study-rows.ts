// Rows of a study table as studies, which read their columns when they are asked.
import type { LabelValues } from '../chexpert-labels.ts';
import type { Candidate, Split, Study } from '../study.ts';
import type { LazyRows, SectionWords, StudyRowViews } from './lazy-study.ts';
import { lazyStudy, RowView } from './lazy-study.ts';
import type { StringColumn } from './strings.ts';
import { stringAt } from './strings.ts';
import type { RowReading, StudyTable } from './study-table.ts';
import { imageEndings, splitNames } from './study-table.ts';

/** A row that reads its columns when asked. */
class StudyView extends RowView {
  readonly #rows: StudyRows;
  row: number;

  constructor(rows: StudyRows, row: number) {
    super();
    this.#rows = rows;
    this.row = row;
  }

  get id(): string {
    return stringAt(this.#rows.table.columns.ids, this.row);
  }

  get report(): string {
    return this.#rows.reports(this.row) ?? '';
  }

  get patient(): string {
    return this.#rows.patients(this.row) ?? '';
  }

  get view(): string | undefined {
    return this.#rows.views(this.row);
  }

  get split(): Split {
    return splitNames[this.#rows.table.columns.splits[this.row]!]!;
  }

  get absent(): true | undefined {
    return this.#rows.table.columns.endings[this.row] === 0 ? true : undefined;
  }

  get image(): string {
    return this.#rows.imageOf(this.id, this.patient, this.report, this.row);
  }

  get findings(): string {
    return this.#rows.textOf('findings', this.row);
  }

  get impression(): string {
    return this.#rows.textOf('impressions', this.row);
  }

  get labels(): LabelValues['labels'] | undefined {
    return this.#rows.labelsOf(this.row)?.labels;
  }

  get publishedLabels(): LabelValues['publishedLabels'] | undefined {
    return this.#rows.labelsOf(this.row)?.publishedLabels;
  }

  get words(): SectionWords | undefined {
    return this.#rows.wordsOf(this.row);
  }

  /** Said by the labels, which equal rows share. */
  get labelled(): undefined {
    return undefined;
  }

  keep(split: Split): Candidate<Study> {
    return lazyStudy(this.#rows, this.row, split);
  }
}

const fields = ['id', 'report', 'patient', 'image', 'findings', 'impression', 'split', 'view', 'labels', 'publishedLabels', 'absent'] as const satisfies readonly (keyof Candidate<Study>)[]; // prettier-ignore

/** All strings of a column that repeat, made once each. */
function coded(codes: Int32Array, values: StringColumn): (row: number) => string | undefined {
  const strings: (string | undefined)[] = Array.from({ length: values.length });
  return (row) => {
    const code = codes[row]!;
    return code < 0 ? undefined : (strings[code] ??= stringAt(values, code));
  };
}

/** The rows of a table, in order, each time they are asked for. */
export class StudyRows implements StudyRowViews, LazyRows {
  readonly table: StudyTable;
  readonly reports: (row: number) => string | undefined;
  readonly patients: (row: number) => string | undefined;
  readonly views: (row: number) => string | undefined;
  readonly #reading: RowReading;
  readonly #texts = { findings: new Map<number, string>(), impressions: new Map<number, string>() };

  constructor(table: StudyTable, reading: RowReading) {
    const { reports, patients, views } = table.columns;
    this.table = table;
    this.#reading = reading;
    this.reports = coded(reports.codes, reports.values);
    this.patients = coded(patients.codes, patients.values);
    this.views = coded(views.codes, views.values);
  }

  get length(): number {
    return this.table.length;
  }

  imageOf(id: string, patient: string, report: string, row: number): string {
    const { root, layout, columns } = this.table;
    const ending = imageEndings[columns.endings[row]!] || '.jpg';
    if (layout === 'mimic') return `${root}/files/p${patient.slice(0, 2)}/p${patient}/s${report}/${id}${ending}`;
    return `${root}/${id.replace(/\.[a-z]+$/i, '')}${ending}`;
  }

  /** A section of a row; images of one report share the string. */
  textOf(section: 'findings' | 'impressions', row: number): string {
    const index = this.table.columns.texts[row]!;
    if (index < 0) return '';
    const texts = this.#texts[section];
    let text = texts.get(index);
    if (text === undefined) {
      text = this.#reading.text(stringAt(this.table.columns[section], index));
      // Images of a report stand together: older texts are not asked for again.
      if (texts.size > 64) texts.clear();
      texts.set(index, text);
    }
    return text;
  }

  labelsOf(row: number): LabelValues | undefined {
    const { columns, labelNames } = this.table;
    const index = columns.labelRows[row]!;
    return index < 0 ? undefined : this.#reading.labels(columns.labels.subarray(index * labelNames.length, (index + 1) * labelNames.length));
  }

  /** Undefined where the texts that callers are given have other words than those of the table. */
  wordsOf(row: number): SectionWords | undefined {
    const index = this.table.columns.texts[row]!;
    if (index < 0) return [0, 0];
    const { findingsWords, impressionsWords } = this.table.columns;
    return this.#reading.keepsWords ? [findingsWords[index]!, impressionsWords[index]!] : undefined;
  }

  fieldsOf(row: number): readonly string[] {
    return fields.filter((field) => this.valueOf(row, field) !== undefined);
  }

  valueOf(row: number, field: string): unknown {
    return (fields as readonly string[]).includes(field) ? new StudyView(this, row)[field as (typeof fields)[number]] : undefined;
  }

  *[Symbol.iterator](): Generator<RowView> {
    // One view for all rows: objects that live for a moment take more memory than what is kept.
    const view = new StudyView(this, 0);
    for (let row = 0; row < this.length; row++) {
      view.row = row;
      yield view;
    }
  }
}
