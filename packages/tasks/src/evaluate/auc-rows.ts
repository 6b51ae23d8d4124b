// Scores by class as rows of AUCs, and as each study's answers.
import type { Interval } from '@hybridmed/eval';
import type { ClassMetrics, ClassScores } from '@hybridmed/eval/protocols';

/** How well scores tell one class. */
export interface AucRow {
  /** Studies of the class, and studies that count. */
  readonly positives: number;
  readonly studies: number;
  /** Null where the studies are of one kind. */
  readonly auc: Interval | null;
  /** Why there is no AUC. */
  readonly undefined?: string;
}

/** By class: the truth, and the score. */
export type Answers = Readonly<Record<string, { readonly truth: 0 | 1; readonly score: number }>>;

/** The row of a class. */
export const aucRow = ({ positives, studies, auc, undefined: reason }: ClassMetrics): AucRow => ({
  positives,
  studies,
  auc,
  ...(auc === null && reason !== undefined ? { undefined: reason } : {}),
});

/** A study's answers, by index: of the classes that it has a label of. */
export const answersOf = (classes: Readonly<Record<string, ClassScores>>, study: number): Answers =>
  Object.fromEntries(
    Object.entries(classes).flatMap(([name, { labels, scores }]) => {
      const truth = labels[study];
      return truth === undefined ? [] : [[name, { truth, score: scores[study]! }]];
    }),
  );
