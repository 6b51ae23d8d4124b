// Studies of a large set as columns: a row costs some hundred bytes until it is selected and becomes an object.
import type { LabelValues } from '../chexpert-labels.ts';
import type { Split } from '../study.ts';
import { countedWords } from '../text.ts';
import { GrowableArray } from './growable-array.ts';
import type { CodedColumn, StringColumn, TextColumn } from './strings.ts';
import { CodedBuilder, sizeAt, StringBuilder } from './strings.ts';

/** The parts of a set by number. */
export const splitNames: readonly Split[] = ['train', 'validate', 'test'];

/** Endings of image files by number; 0 says that the file is not on disk. */
export const imageEndings = ['', '.jpg', '.png', '.dcm', '.jpeg'] as const;

/** How a row's image path is made from its ids. */
export type ImageLayout = 'mimic' | 'id';

/** Columns of equal length, one row an image. */
export interface StudyColumns<Text extends TextColumn = TextColumn> {
  readonly ids: StringColumn;
  readonly reports: CodedColumn;
  readonly patients: CodedColumn;
  readonly views: CodedColumn;
  /** Index into `splitNames`. */
  readonly splits: Uint8Array;
  /** Index into `imageEndings`. */
  readonly endings: Uint8Array;
  /** Row of `labels` (rows, labelNames) i8, -1 for none. */
  readonly labelRows: Int32Array;
  readonly labels: Int8Array;
  /** Index into `findings` and `impressions`, -1 for none. */
  readonly texts: Int32Array;
  readonly findings: Text;
  readonly impressions: Text;
  /** Words of each, as `countedWords` counts them. */
  readonly findingsWords: Uint16Array;
  readonly impressionsWords: Uint16Array;
}

/** A set's studies as columns. */
export interface StudyTable<Text extends TextColumn = TextColumn> {
  /** The folder that image paths begin with. */
  readonly root: string;
  readonly layout: ImageLayout;
  readonly labelNames: readonly string[];
  readonly length: number;
  readonly columns: StudyColumns<Text>;
}

/** What a source says of an image; labels and texts by number, -1 for none. */
export interface StudyRow {
  id: string;
  report: string;
  patient: string;
  view: string;
  split: Split;
  ending: number;
  labels: number;
  texts: number;
}

/** Fills a table. */
export class StudyTableBuilder {
  readonly #ids = new StringBuilder();
  readonly #reports = new CodedBuilder();
  readonly #patients = new CodedBuilder();
  readonly #views = new CodedBuilder();
  readonly #splits = new GrowableArray((length) => new Uint8Array(length));
  readonly #endings = new GrowableArray((length) => new Uint8Array(length));
  readonly #labelRows = new GrowableArray((length) => new Int32Array(length));
  readonly #labels = new GrowableArray((length) => new Int8Array(length));
  readonly #texts = new GrowableArray((length) => new Int32Array(length));
  readonly #findings = new StringBuilder();
  readonly #impressions = new StringBuilder();
  readonly #findingsWords = new GrowableArray((length) => new Uint16Array(length));
  readonly #impressionsWords = new GrowableArray((length) => new Uint16Array(length));
  #labelCount = 0;

  /** Adds a row of labels, each 1, 0, -1, or 2 for a blank. Returns its number. */
  addLabels(labels: number, valueAt: (label: number) => number): number {
    for (let label = 0; label < labels; label++) this.#labels.push(valueAt(label));
    return this.#labelCount++;
  }

  /** Adds a report's sections. Returns their number. */
  addTexts(findings: string, impression: string): number {
    this.#findings.add(findings);
    this.#findingsWords.push(countedWords(findings));
    this.#impressionsWords.push(countedWords(impression));
    return this.#impressions.add(impression);
  }

  addRow({ id, report, patient, view, split, ending, labels, texts }: StudyRow): void {
    this.#ids.add(id);
    this.#reports.add(report);
    this.#patients.add(patient);
    this.#views.add(view);
    this.#splits.push(splitNames.indexOf(split));
    this.#endings.push(ending);
    this.#labelRows.push(labels);
    this.#texts.push(texts);
  }

  finish(root: string, layout: ImageLayout, labelNames: readonly string[]): StudyTable<StringColumn> {
    return {
      root,
      layout,
      labelNames,
      length: this.#ids.length,
      columns: {
        ids: this.#ids.finish(),
        reports: this.#reports.finish(),
        patients: this.#patients.finish(),
        views: this.#views.finish(),
        splits: this.#splits.finish(),
        endings: this.#endings.finish(),
        labelRows: this.#labelRows.finish(),
        labels: this.#labels.finish(),
        texts: this.#texts.finish(),
        findings: this.#findings.finish(),
        impressions: this.#impressions.finish(),
        findingsWords: this.#findingsWords.finish(),
        impressionsWords: this.#impressionsWords.finish(),
      },
    };
  }
}

/** Images on disk, pairs among them, and reports (studies), patients and reports with a text, counted from the columns. */
export function countRows({ length, columns }: StudyTable): Record<'images' | 'pairs' | 'reports' | 'studies' | 'patients', number> {
  const { endings, texts, findings, impressions, reports, patients } = columns;
  const withText = new Uint8Array(reports.values.length);
  let [images, pairs] = [0, 0];
  for (let row = 0; row < length; row++) {
    const text = texts[row]!;
    if (text >= 0 && reports.codes[row]! >= 0) withText[reports.codes[row]!] = 1;
    if (endings[row] === 0) continue;
    images++;
    if (text >= 0 && sizeAt(findings, text) > 0 && sizeAt(impressions, text) > 0) pairs++;
  }
  return { images, pairs, reports: withText.reduce((sum, one) => sum + one, 0), studies: reports.values.length, patients: patients.values.length };
}

/** What makes objects of rows. */
export interface RowReading {
  /** Whether `text` leaves the number of words as it is. */
  readonly keepsWords: boolean;
  /** Labels after a policy, from a row of published values. */
  labels(values: Int8Array): LabelValues;
  /** A section as the caller wants it. */
  text(section: string): string;
}
