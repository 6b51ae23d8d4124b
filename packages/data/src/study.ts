// A study as every data set gives it, whatever its files look like.

/** Parts of a data set. */
export type Split = 'train' | 'validate' | 'test';

/** One image with its report. */
export interface Study {
  /** Unique within the data set. */
  readonly id: string;
  /** The report (or study) the image belongs to; several images may share it. */
  readonly report: string;
  readonly patient?: string;
  /** Path of the image file. */
  readonly image: string;
  readonly findings: string;
  readonly impression: string;
  readonly view?: string;
  /** 1 for present, 0 for absent. */
  readonly labels?: Readonly<Record<string, 0 | 1>>;
  readonly split: Split;
  /** What else the source says (for Open-I: its MeSH tags). */
  readonly tags?: string;
}

/** An opened data set: what was kept, and what was dropped and why. */
export interface DataSet {
  readonly name: string;
  readonly spec: string;
  readonly studies: readonly Study[];
  /** What was found before anything was dropped. */
  readonly counts: Readonly<Record<'reports' | 'studies' | 'images' | 'pairs', number>>;
  /** Number of pairs dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Which pairs to keep. */
export interface SelectOptions {
  /** Frontal views only (default), or all. */
  views?: 'frontal' | 'all';
  /** Least number of words in each section: 3 by default. */
  minWords?: number;
}

/** Counts reasons as a data set is read. */
export class Drops {
  readonly #counts: Record<string, number> = {};

  add(reason: string, count = 1): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + count;
  }

  counts(): Record<string, number> {
    return { ...this.#counts };
  }
}

/** Number of words: runs of characters between white space. */
export const wordCount = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** Line endings and runs of white space as single spaces, Unicode in composed form. */
export const normalizeText = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();
