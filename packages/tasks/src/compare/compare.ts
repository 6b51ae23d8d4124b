// Compares runs, or scores of labels, on the same studies: reads what each name stands for, and says how sure the differences are.
import { isFolder, readJson } from '@hybridmed/runtime/files';
import { HybridmedError } from '@hybridmed/tensor';
import { readEvaluation } from '../evaluate/evaluation-file.ts';
import type { EvaluationReport } from '../evaluate/report.ts';
import { compareEvaluations } from './compare-evaluations.ts';
import { compareScores } from './compare-scores.ts';
import type { ComparisonReport } from './figures.ts';
import type { ScoreSet } from './scores.ts';
import { holdsScores, scoresOfEvaluation, scoresOfFile } from './scores.ts';

/** What to compare: run folders, files of `evaluate --json`, or test-scores.json of `probe` and `finetune`; several on a side are seeds of one recipe. */
export interface CompareOptions {
  readonly a: readonly string[];
  /** None: figures of `a` alone. */
  readonly b?: readonly string[];
  /** Compares scores of these labels, of label heads and files, in place of evaluations. */
  readonly classes?: readonly string[] | undefined;
  /** Resamples of the intervals. */
  readonly samples?: number;
}

type Source = { readonly path: string } & ({ readonly evaluation: EvaluationReport } | { readonly scores: ScoreSet });

async function open(path: string): Promise<Source> {
  if (!(await isFolder(path))) {
    const json: unknown = await readJson(path);
    if (holdsScores(json)) return { path, scores: scoresOfFile(path, json) };
  }
  return { path, evaluation: await readEvaluation(path) };
}

/**
 * Compares. Throws one line for a source that is none, evaluations of different studies, sources without a study or a class in common, or
 * sides of different numbers of seeds (one stands against each).
 */
export async function compare({ a, b = [], classes, samples = 1000 }: CompareOptions): Promise<ComparisonReport> {
  if (a.length === 0) throw new HybridmedError('compare: no runs; name some');
  const sources = await Promise.all([...a, ...b].map(open));
  const common = { a, b, samples };
  if (classes !== undefined || sources.some((source) => 'scores' in source)) {
    const sets = sources.map((source) => ('scores' in source ? source.scores : scoresOfEvaluation(source.path, source.evaluation)));
    return { ...common, of: 'scores', ...compareScores(sets.slice(0, a.length), sets.slice(a.length), { classes, samples }) };
  }
  const evaluations = sources.flatMap((source) => ('evaluation' in source ? [source.evaluation] : []));
  const figures = compareEvaluations(evaluations.slice(0, a.length), evaluations.slice(a.length), samples);
  return { ...common, of: 'evaluations', studies: evaluations[0]!.examples.length, leftOut: 0, figures };
}
