// What the protocol of a labelled task leaves in its folder: subsets of the training ids, scores of the test studies, and the results.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import type { ClassificationReport } from '@hybridmed/eval/protocols';
import { checkFolderPath, fileError, writeFileAtomic } from '@hybridmed/runtime/files';
import { labelsOf } from '../labelled-set.ts';

/** Scores of studies: one number for each, by class. */
export type ScoresByClass = Readonly<Record<string, ArrayLike<number>>>;

/** One fit on the test split. */
export interface FitResult {
  readonly percent: number;
  readonly seed: number;
  readonly trainStudies: number;
  /** Hash of the ids of its training studies, which stand in `subsets/`. */
  readonly trainIds: string;
  /** What was chosen on the validation split. */
  readonly chosen: Readonly<Record<string, number | null>>;
  /** Classes whose subset lacked studies of one kind: they have no figures. */
  readonly untrained: readonly string[];
  readonly test: ClassificationReport;
}

/** Mean AUC of a fraction of the labels over its seeds, with its interval over test studies, and the seeds' own. */
export interface FractionSummary {
  readonly percent: number;
  readonly meanAuc: Interval | null;
  readonly seeds: readonly (number | null)[];
}

/** Results of the protocol. */
export interface ProtocolResult {
  readonly classes: readonly string[];
  readonly studies: Readonly<Record<'train' | 'validate' | 'test', number>>;
  readonly testIds: string;
  /** By fraction of the training labels. */
  readonly shares: readonly FractionSummary[];
  readonly runs: readonly FitResult[];
}

/** What a fit gives for the test studies. */
export interface TestScores {
  readonly percent: number;
  readonly seed: number;
  readonly scores: ScoresByClass;
}

const resultsFile = 'results.json';

const write = (path: string, text: string): Promise<void> => writeFileAtomic(path, [text]);

/** Throws one line where a folder holds results, whose test split has been read, or where none can be made. */
export function checkUnread(out: string): void {
  checkFolderPath(out);
  if (existsSync(join(out, resultsFile)))
    throw fileError(join(out, resultsFile), 'is there: the test split of this run has been read', 'name another --out for another run');
}

/** Writes the ids of a subset, one a line. */
export const saveSubset = (out: string, name: string, ids: readonly string[]): Promise<void> =>
  write(join(out, 'subsets', `${name}.txt`), ids.map((id) => `${id}\n`).join(''));

/** Writes every fit's scores of the test studies beside their labels. */
export async function saveTestScores(out: string, studies: readonly Study[], classes: readonly string[], fits: readonly TestScores[]): Promise<void> {
  const labels = Object.fromEntries(classes.map((name) => [name, labelsOf(studies, name).map((label) => label ?? null)]));
  const runs = fits.map(({ percent, seed, scores }) => ({
    percent,
    seed,
    scores: Object.fromEntries(Object.entries(scores).map(([name, values]) => [name, Array.from(values)])),
  }));
  await write(join(out, 'test-scores.json'), `${JSON.stringify({ ids: studies.map(({ id }) => id), labels, runs })}\n`);
}

/** Writes a protocol's results, after which its test split counts as read. */
export async function saveResults(out: string, results: object): Promise<void> {
  await write(join(out, resultsFile), `${JSON.stringify(results, undefined, 2)}\n`);
}
