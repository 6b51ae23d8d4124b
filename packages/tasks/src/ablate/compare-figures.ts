// The table of an ablation: each variant's figures, and their differences to the full method over studies and over seeds.
import type { Resampled, SeedDifference } from '@hybridmed/eval/statistics';
import { resample, seedDifference } from '@hybridmed/eval/statistics';
import { HybridmedError } from '@hybridmed/tensor';
import type { EvaluationReport } from '../evaluate/report.ts';
import { measures, statisticsOf } from './measures.ts';

/** One figure of a variant: the mean over seeds, each seed's, and the difference to the full method (absent for the full method itself). */
export interface Figure {
  readonly mean: number;
  readonly bySeed: readonly number[];
  readonly difference?: SeedDifference;
}

/** A run's figures with all their resamples. */
export type RunFigures = Readonly<Record<string, Resampled>>;

/** Every measure of an evaluation, of all studies and of each resample of them. */
export function runFigures(evaluation: EvaluationReport, samples: number): RunFigures {
  const statistics = statisticsOf(evaluation);
  const names = measures.map(({ name }) => name).filter((name) => statistics[name]);
  const resampled = resample(evaluation.examples.length, (indices) => names.map((name) => statistics[name]!(indices)), { samples });
  return Object.fromEntries(names.map((name, i) => [name, resampled[i]!]));
}

/** Throws unless all evaluations are of the same studies in the same order: else no difference is paired. */
export function checkSameStudies(evaluations: readonly EvaluationReport[]): void {
  const ids = (of: EvaluationReport) => of.examples.map(({ id }) => id).join('\n');
  const first = evaluations[0];
  const other = evaluations.find((evaluation) => ids(evaluation) !== ids(first!));
  if (other)
    throw new HybridmedError(
      `${other.checkpoint}: evaluated on other studies than ${first!.checkpoint}; delete both evaluation.json and run again, with all images readable`,
    );
}

/** A variant's figures over its seeds, compared with the full method's of the same seeds. */
export function compareFigures(own: readonly RunFigures[], full: readonly RunFigures[] | undefined): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  for (const { name } of measures) {
    if (!own.every((run) => run[name])) continue;
    const values = own.map((run) => run[name]!);
    const bySeed = values.map(({ value }) => value);
    const paired = full?.every((run) => run[name]) ? full.map((run) => run[name]!) : undefined;
    figures[name] = { mean: bySeed.reduce((a, b) => a + b, 0) / bySeed.length, bySeed, ...(paired ? { difference: seedDifference(values, paired) } : {}) };
  }
  return figures;
}
