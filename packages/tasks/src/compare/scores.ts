// Scores of labels by study, from wherever they are kept: test-scores.json of `probe` and `finetune`, or the label head in an evaluation.
import { z } from 'zod';
import { fileError } from '@hybridmed/runtime/files';
import type { EvaluationReport } from '../evaluate/report.ts';

/** Scores of one source: labels by class and study, null for none, and the scores of one or several fits. */
export interface ScoreSet {
  readonly source: string;
  readonly ids: readonly string[];
  readonly labels: Readonly<Record<string, readonly (0 | 1 | null)[]>>;
  readonly fits: readonly Readonly<Record<string, readonly number[]>>[];
}

const label = z.union([z.literal(0), z.literal(1), z.null()]);
const scoresSchema = z.object({
  ids: z.array(z.string()).min(1),
  labels: z.record(z.string(), z.array(label)),
  runs: z.array(z.object({ percent: z.number(), seed: z.number(), scores: z.record(z.string(), z.array(z.number())) })).min(1),
});

/** Whether a parsed file is of scores. */
export const holdsScores = (json: unknown): boolean => typeof json === 'object' && json !== null && 'ids' in json && 'runs' in json;

/** A parsed test-scores.json: of its fits those with the most training labels. Throws one line that names the key that is wrong. */
export function scoresOfFile(file: string, json: unknown): ScoreSet {
  const result = scoresSchema.safeParse(json);
  const wrong = (key: string, problem: string) => fileError(file, `"${key}" ${problem}`, 'restore what `probe` or `finetune` wrote');
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw wrong(path.join('.'), message);
  }
  const { ids, labels, runs } = result.data;
  const percent = Math.max(...runs.map((run) => run.percent));
  const fits = runs.filter((run) => run.percent === percent).map(({ scores }) => scores);
  for (const lists of [labels, ...fits])
    for (const [name, values] of Object.entries(lists))
      if (values.length !== ids.length) throw wrong(name, `has ${values.length} entries for ${ids.length} ids`);
  return { source: file, ids, labels, fits };
}

/** The label head's scores in an evaluation. Throws one line where it has none. */
export function scoresOfEvaluation(source: string, { examples }: EvaluationReport): ScoreSet {
  const names = [...new Set(examples.flatMap(({ labelHead }) => Object.keys(labelHead ?? {})))];
  if (names.length === 0)
    throw fileError(
      source,
      'has no scores of labels: its model has no label head',
      'compare evaluations with each other, or name runs that were trained with --lab',
    );
  const by = <T>(value: (answer: { truth: 0 | 1; score: number } | undefined) => T) =>
    Object.fromEntries(names.map((name) => [name, examples.map(({ labelHead }) => value(labelHead?.[name]))]));
  return {
    source,
    ids: examples.map(({ id }) => id),
    labels: by((answer) => answer?.truth ?? null),
    fits: [by((answer) => answer?.score ?? Number.NaN)],
  };
}
