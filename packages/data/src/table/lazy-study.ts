// Studies that are made of nothing until they are asked: a row's number, and the rows that know what stands there.
import type { Candidate, Split, Study } from '../study.ts';

/** What gives the fields of studies by row. */
export interface LazyRows {
  /** Names of the fields that a row's study has, in their order. */
  fieldsOf(row: number): readonly string[];
  /** A field's value; undefined where the study has none of that name. */
  valueOf(row: number, field: string): unknown;
}

/** Words of a study's sections, one more for each that is not empty: 0 says that there is no text. */
export type SectionWords = readonly [findings: number, impression: number];

/** A row that is looked at where it is; `keep` makes the study that callers are given. */
export abstract class RowView implements Candidate<Study> {
  abstract readonly id: string;
  abstract readonly report: string;
  abstract readonly patient: string | undefined;
  abstract readonly image: string;
  abstract readonly findings: string;
  abstract readonly impression: string;
  abstract readonly view: string | undefined;
  abstract readonly labels: Study['labels'];
  abstract readonly publishedLabels: Study['publishedLabels'];
  abstract readonly split: Split;
  abstract readonly absent: true | undefined;
  /** Undefined where only the texts tell. */
  abstract readonly words: SectionWords | undefined;
  /** Whether there is a label; undefined where only the labels tell. */
  abstract readonly labelled: boolean | undefined;
  abstract keep(split: Split): Candidate<Study>;
}

/** The rows of a large table, in order, each time they are asked for. A view holds until the next one is asked for; `keep` makes what stays. */
export interface StudyRowViews extends Iterable<RowView> {
  readonly length: number;
}

/** Which row a study is. */
class Place {
  readonly rows: LazyRows;
  readonly row: number;

  constructor(rows: LazyRows, row: number) {
    this.rows = rows;
    this.row = row;
  }

  value(field: string): unknown {
    return this.rows.valueOf(this.row, field);
  }
}

/** The same of a study that was put in another part than its row's. */
class MovedPlace extends Place {
  readonly split: Split;

  constructor(rows: LazyRows, row: number, split: Split) {
    super(rows, row);
    this.split = split;
  }

  override value(field: string): unknown {
    return field === 'split' ? this.split : super.value(field);
  }
}

// Spread, listed, compared and written as JSON they are as objects with these fields, which nothing can change.
const handler: ProxyHandler<Place> = {
  get: (place, field) => (typeof field === 'string' ? place.value(field) : undefined) ?? Reflect.get(Object.prototype, field),
  has: (place, field) => (typeof field === 'string' && place.value(field) !== undefined) || Reflect.has(Object.prototype, field),
  ownKeys: ({ rows, row }) => [...rows.fieldsOf(row)],
  getOwnPropertyDescriptor(place, field) {
    const value = typeof field === 'string' ? place.value(field) : undefined;
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
  },
  getPrototypeOf: () => Object.prototype,
  set: () => false,
  defineProperty: () => false,
  deleteProperty: () => false,
  preventExtensions: () => false,
};

/** The study of a row, in that part: some seventy bytes, whatever is known of it. */
export function lazyStudy(rows: LazyRows, row: number, split: Split): Study {
  const place = rows.valueOf(row, 'split') === split ? new Place(rows, row) : new MovedPlace(rows, row, split);
  return new Proxy(place, handler) as unknown as Study;
}
