// The protocol of a labelled task: nested shares of the training labels, seeds, thresholds from validation, the test split read once.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import type { ClassificationReport, ClassScores, ThresholdRule } from '@hybridmed/eval/protocols';
import { bestThreshold, classificationReport, meanAucOver, nestedSubsets, readOnce } from '@hybridmed/eval/protocols';
import { hashNames } from '@hybridmed/runtime';
import { checkFolderPath, fileError, writeFileAtomic } from '@hybridmed/runtime/files';
import { HybridmedError } from '@hybridmed/tensor';
import type { LabelledSet } from '../labelled-set.ts';
import { kindsOf, labelsOf } from '../labelled-set.ts';

/** Scores of studies: one number for each, by class. */
export type ScoresByClass = Readonly<Record<string, ArrayLike<number>>>;

/** What is fitted to one share of the labels with one seed. */
export interface FittedRun {
  /** Scores of the validation studies, in their order. */
  readonly validation: { readonly studies: readonly Study[]; readonly scores: ScoresByClass };
  /** What was chosen on the validation split. */
  readonly chosen: Readonly<Record<string, number | null>>;
  /** Scores of other studies; those whose image cannot be read are left out. */
  predict(studies: readonly Study[]): Promise<{ readonly studies: readonly Study[]; readonly scores: ScoresByClass }>;
}

/** How a system is fitted. `classes` are those with studies of both kinds in the share. */
export type FitShare = (
  train: readonly Study[],
  validation: readonly Study[],
  options: { classes: readonly string[]; seed: number; name: string },
) => Promise<FittedRun>;

/** What the protocol needs beside a way to fit. */
export interface ProtocolOptions {
  readonly set: LabelledSet;
  readonly classes: readonly string[];
  /** Shares of the training labels, in percent. */
  readonly shares: readonly number[];
  readonly seeds: readonly number[];
  readonly rule: ThresholdRule;
  /** Folder for subsets, scores and results; must not hold results yet. */
  readonly out: string;
  readonly onMessage: (text: string) => void;
}

/** One run on the test split. */
export interface ShareResult {
  readonly percent: number;
  readonly seed: number;
  readonly trainStudies: number;
  /** Hash of the ids of its training studies, which stand in `subsets/`. */
  readonly trainIds: string;
  readonly chosen: Readonly<Record<string, number | null>>;
  /** Classes whose share lacked studies of one kind: they have no figures. */
  readonly untrained: readonly string[];
  readonly test: ClassificationReport;
}

/** Mean AUC of a share over its seeds, with its interval over test studies, and the seeds' own. */
export interface ShareSummary {
  readonly percent: number;
  readonly meanAuc: Interval | null;
  readonly seeds: readonly (number | null)[];
}

/** Results of the protocol. */
export interface ProtocolResult {
  readonly classes: readonly string[];
  readonly studies: Readonly<Record<'train' | 'validate' | 'test', number>>;
  readonly testIds: string;
  readonly shares: readonly ShareSummary[];
  readonly runs: readonly ShareResult[];
}

const resultsFile = 'results.json';

/** Throws one line where a folder holds results, whose test split has been read, or where none can be made. */
export function checkUnread(out: string): void {
  checkFolderPath(out);
  if (existsSync(join(out, resultsFile)))
    throw fileError(join(out, resultsFile), 'is there: the test split of this run has been read', 'name another --out for another run');
}

/** Throws one line for a class that cannot be learnt at all. */
function checkClasses({ set, classes }: ProtocolOptions, train: readonly Study[]): void {
  for (const name of classes) {
    const { positives, negatives } = kindsOf(train, name);
    if (positives === 0 || negatives === 0)
      throw new HybridmedError(
        `${set.data.spec}: class "${name}" has ${positives} positive and ${negatives} negative studies in the training split; leave it out with --classes`,
      );
  }
}

const write = (path: string, text: string) => writeFileAtomic(path, [text]);

/** A run's classes as the test report takes them; a class that was not trained has no labels to be judged by. */
function judged(
  classes: readonly string[],
  fitted: FittedRun,
  studies: readonly Study[],
  scores: ScoresByClass,
  rule: ThresholdRule,
): Record<string, ClassScores> {
  return Object.fromEntries(
    classes.map((name) => {
      const own = scores[name];
      if (!own) return [name, { labels: studies.map(() => undefined), scores: new Float64Array(studies.length) }];
      const known = labelsOf(fitted.validation.studies, name).flatMap((label, i) =>
        label === undefined ? [] : [{ label, score: fitted.validation.scores[name]![i]! }],
      );
      const threshold =
        known.length === 0
          ? undefined
          : bestThreshold(
              known.map(({ label }) => label),
              known.map(({ score }) => score),
              rule,
            );
      return [name, { labels: labelsOf(studies, name), scores: own, threshold }];
    }),
  );
}

/** Runs the protocol: every fit first, then the test split once, for all of them. */
export async function runProtocol(options: ProtocolOptions, fitShare: FitShare): Promise<ProtocolResult> {
  const { set, classes, shares, seeds, rule, out, onMessage } = options;
  checkUnread(out);
  const [train, validation] = [set.of('train'), set.of('validate')];
  checkClasses(options, train);
  for (const warning of set.data.warnings) onMessage(`warning: ${warning}`);
  // That there is a test split is known before anything is fitted; what is in it is not.
  if (!set.data.studies.some(({ split }) => split === 'test')) set.of('test');
  const testOnce = readOnce(`${set.data.spec}: test split`, () => set.of('test'));
  const byId = new Map(train.map((study) => [study.id, study]));
  const fits: { percent: number; seed: number; ids: readonly string[]; trained: readonly string[]; fitted: FittedRun }[] = [];
  for (const seed of seeds) {
    const subsets = nestedSubsets(
      train.map(({ id }) => id),
      shares.map((percent) => percent / 100),
      seed,
    );
    for (const [i, percent] of shares.entries()) {
      const ids = subsets[i]!;
      const name = `${percent}-percent-seed-${seed}`;
      await write(join(out, 'subsets', `${name}.txt`), ids.map((id) => `${id}\n`).join(''));
      const studies = ids.map((id) => byId.get(id)!);
      const trained = classes.filter((of) => {
        const { positives, negatives } = kindsOf(studies, of);
        return positives > 0 && negatives > 0;
      });
      for (const of of classes)
        if (!trained.includes(of)) onMessage(`${name}: class "${of}" has studies of one kind only among ${ids.length}; it is not trained and has no figures`);
      if (trained.length === 0)
        throw new HybridmedError(
          `${percent} % of the training labels are ${ids.length} studies, of one kind in every class; give a larger share with --percent`,
        );
      onMessage(`${name}: fitting ${ids.length} studies`);
      fits.push({ percent, seed, ids, trained, fitted: await fitShare(studies, validation, { classes: trained, seed, name }) });
    }
  }
  onMessage('reading the test split');
  const test = testOnce();
  const runs: ShareResult[] = [];
  const scored: { percent: number; classes: Record<string, ClassScores> }[] = [];
  let testStudies: readonly Study[] = test;
  for (const { percent, seed, ids, trained, fitted } of fits) {
    const { studies, scores } = await fitted.predict(test);
    testStudies = studies;
    const report = judged(classes, fitted, studies, scores, rule);
    scored.push({ percent, classes: report });
    const untrained = classes.filter((name) => !trained.includes(name));
    runs.push({ percent, seed, trainStudies: ids.length, trainIds: hashNames(ids), chosen: fitted.chosen, untrained, test: classificationReport(report) });
  }
  const testScores = scored.map(({ percent, classes: of }, i) => ({
    percent,
    seed: runs[i]!.seed,
    scores: Object.fromEntries(Object.entries(of).map(([name, { scores }]) => [name, Array.from(scores)])),
  }));
  const labels = Object.fromEntries(classes.map((name) => [name, labelsOf(testStudies, name).map((label) => label ?? null)]));
  await write(join(out, 'test-scores.json'), `${JSON.stringify({ ids: testStudies.map(({ id }) => id), labels, runs: testScores })}\n`);
  return {
    classes,
    studies: { train: train.length, validate: validation.length, test: testStudies.length },
    testIds: hashNames(testStudies.map(({ id }) => id)),
    shares: shares.map((percent) => ({
      percent,
      meanAuc: meanAucOver(scored.filter((run) => run.percent === percent).map((run) => run.classes)),
      seeds: runs.filter((run) => run.percent === percent).map((run) => run.test.meanAuc?.value ?? null),
    })),
    runs,
  };
}

/** Writes a protocol's results, after which its test split counts as read. */
export async function saveResults(out: string, results: object): Promise<void> {
  await write(join(out, resultsFile), `${JSON.stringify(results, undefined, 2)}\n`);
}
