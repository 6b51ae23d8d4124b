// A figure of two sides, each of one or several seeds: means, and their paired difference, with intervals over studies and over seeds.
import type { Resampled, SeedDifference } from '@hybridmed/eval';
import { seedDifference, seedMean } from '@hybridmed/eval';
import { HybridmedError } from '@hybridmed/tensor';
import type { Measure } from '../ablate/measures.ts';

/** One figure of both sides. Intervals: 95 % over studies of the seeds' mean, and over seeds with their studies. */
export interface ComparedFigure extends Measure {
  readonly a: SeedDifference;
  /** Absent where one side alone is shown. */
  readonly b?: SeedDifference;
  /** a - b, on the same resampled studies; seeds are paired in their order. */
  readonly difference?: SeedDifference;
  /** Of a sign-flip test of the studies' seed means: the probability of such a difference if both sides were interchangeable. */
  readonly p?: number;
}

/** What was compared. */
export interface ComparisonReport {
  readonly a: readonly string[];
  readonly b: readonly string[];
  /** What the figures are of: evaluations of runs, or scores of labels. */
  readonly of: 'evaluations' | 'scores';
  readonly studies: number;
  /** Studies that not every source has, which are left out. */
  readonly leftOut: number;
  readonly samples: number;
  readonly figures: readonly ComparedFigure[];
}

/** As many entries on both sides: a single one stands against each of the other side. Throws one line for other numbers. */
export function alike<T>(a: readonly T[], b: readonly T[]): readonly [readonly T[], readonly T[]] {
  if (a.length === b.length) return [a, b];
  if (a.length === 1) return [b.map(() => a[0]!), b];
  if (b.length === 1) return [a, a.map(() => b[0]!)];
  throw new HybridmedError(`compare: ${a.length} runs against ${b.length}; give as many on both sides, or one`);
}

/** A figure from its resamples by seed; without `b` of one side alone. */
export function comparedFigure({ name, title, better }: Measure, a: readonly Resampled[], b: readonly Resampled[]): ComparedFigure {
  const own = { name, title, better, a: seedMean(a) };
  return b.length === 0 ? own : { ...own, b: seedMean(b), difference: seedDifference(...alike(a, b)) };
}
