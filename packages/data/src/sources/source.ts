// What a source hands over: everything its files name, before anything is selected.
import type { StudyRowViews } from '../table/lazy-study.ts';
import type { Candidate, CountName, DataNeed, DeidPlaceholderPolicy, Question, SelectOptions, SplitOrigin, Study } from '../study.ts';

/** How a source reads its files. */
export type ReadOptions = Pick<SelectOptions, 'uncertain' | 'unmentioned' | 'labelTable' | 'columns' | 'index'> & {
  readonly deidPlaceholders: DeidPlaceholderPolicy;
};

/** Everything a set's files name. */
export interface SourceData {
  /** A list, or the rows of a large table. */
  readonly studies: readonly Candidate<Study>[] | StudyRowViews;
  readonly questions?: readonly Candidate<Question>[];
  /** What the set is for, the first need first: `pairs` where it has reports, and so on. */
  readonly offers: readonly DataNeed[];
  readonly counts: Readonly<Partial<Record<CountName, number>>>;
  /** What could not be read, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly splitOrigin: SplitOrigin;
  readonly warnings?: readonly string[];
  /** The index of a large table: its file, and whether it was there already. */
  readonly index?: { readonly file: string; readonly reused: boolean };
  /** Why the set does not offer a need, or cannot tell views: which file or column would, and what to do. */
  readonly lacks?: Readonly<Partial<Record<DataNeed | 'views', string>>>;
}

/** Reads a set from the path behind its name. Throws a DataError naming the file that is missing or unreadable. */
export type Source = (path: string, options: ReadOptions) => Promise<SourceData>;

/** Reports, images on disk and patients of studies. */
export const countStudies = (studies: readonly Candidate<Study>[]): Record<'studies' | 'images' | 'patients', number> => ({
  studies: new Set(studies.map(({ report }) => report)).size,
  images: studies.filter(({ absent }) => !absent).length,
  patients: new Set(studies.flatMap(({ patient }) => patient ?? [])).size,
});

/** Counts reasons as a data set is read. */
export class Drops {
  readonly #counts: Record<string, number> = {};

  add(reason: string, count = 1): void {
    if (count > 0) this.#counts[reason] = (this.#counts[reason] ?? 0) + count;
  }

  counts(): Record<string, number> {
    return { ...this.#counts };
  }
}
