// The shape of a check's report.
import type { CountName, DataNeed, Split, SplitOrigin } from '../study.ts';
import type { LabelPrevalence } from './labels.ts';
import type { LengthSummary } from './texts.ts';

/** Number of things that stand on both sides of a split. */
export interface SharedCounts {
  readonly patients: number;
  readonly studies: number;
  /** Files, or different files with the same bytes. */
  readonly images: number;
}

/** The report of a check: counts of the set (`reports, studies, images, pairs, questions, rows, patients`, where they apply) and what was found. */
export interface DataReport extends Readonly<Partial<Record<CountName, number>>> {
  readonly spec: string;
  /** What was selected for. */
  readonly need: DataNeed;
  /** Images, pairs or questions kept. */
  readonly kept: number;
  /** Images, pairs or questions of each split: of what is kept; where no image at all is on disk, of what would be. */
  readonly splits: Readonly<Record<Split, number>>;
  /** Studies of each split. */
  readonly splitStudies: Readonly<Record<Split, number>>;
  readonly splitOrigin: SplitOrigin;
  readonly dropped: Readonly<Record<string, number>>;
  /** Positive, negative and unlabelled images by label and split. */
  readonly labels?: Readonly<Record<string, LabelPrevalence>>;
  /** Closed and open questions by split. */
  readonly answerTypes?: Readonly<Record<Split, { readonly closed: number; readonly open: number }>>;
  /** Questions by category and split. */
  readonly categories?: Readonly<Record<string, Readonly<Record<Split, number>>>>;
  /** Lengths of sections, or of questions and answers, in words. */
  readonly words: Readonly<Record<string, LengthSummary>>;
  /** Pairs whose impression another pair has word for word. */
  readonly repeatedImpressions: number;
  /** Faults of a split drawn here; zeros where the split is published. */
  readonly leaks: SharedCounts;
  /** What splits share, whoever drew them; texts are equal word for word. */
  readonly shared: SharedCounts & { readonly texts: number };
  /** Some of the patients, studies and images that splits share, each with an image of either side: `patient p1: train a.png, test b.png`. */
  readonly sharedExamples: readonly string[];
  /** Pairs of different images in different splits that look alike, where they were looked for. */
  readonly lookAlikes?: { readonly pairs: number; readonly examples: readonly (readonly [string, string])[] };
  readonly warnings: readonly string[];
  /** Images that could not be read, where all were read. */
  readonly unreadable?: readonly string[];
}
