// The protocol of a labelled task: nested fractions of the training labels, seeds, thresholds from validation, the test split read once.
import type { Study } from '@hybridmed/data';
import type { ClassScores, ThresholdRule } from '@hybridmed/eval/protocols';
import { bestThreshold, classificationReport, meanAucOver, nestedSubsets, readOnce } from '@hybridmed/eval/protocols';
import { hashNames } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';
import type { LabelledSet } from '../labelled-set.ts';
import { kindsOf, labelsOf } from '../labelled-set.ts';
import type { FitResult, ProtocolResult, ScoresByClass } from './results.ts';
import { checkUnread, saveSubset, saveTestScores } from './results.ts';

/** Studies and their scores, in the same order. */
export interface ScoredStudies {
  readonly studies: readonly Study[];
  readonly scores: ScoresByClass;
}

/** What is fitted to one subset of the labels with one seed. */
export interface FittedClassifier {
  /** Scores of the validation studies, in their order. */
  readonly validation: ScoredStudies;
  /** What was chosen on the validation split. */
  readonly chosen: FitResult['chosen'];
  /** Scores of other studies; those whose image cannot be read are left out. */
  predict(studies: readonly Study[]): Promise<ScoredStudies>;
}

/** How a classifier is fitted. `classes` are those with studies of both kinds in the subset. */
export type FitClassifier = (
  train: readonly Study[],
  validation: readonly Study[],
  options: { classes: readonly string[]; seed: number; name: string },
) => Promise<FittedClassifier>;

/** What the protocol needs beside a way to fit. */
export interface ProtocolOptions {
  readonly set: LabelledSet;
  readonly classes: readonly string[];
  /** Fractions of the training labels, in percent. */
  readonly percentages: readonly number[];
  readonly seeds: readonly number[];
  readonly rule: ThresholdRule;
  /** Folder for subsets, scores and results; must not hold results yet. */
  readonly out: string;
  readonly onMessage: (text: string) => void;
}

/** A fraction of the training studies, drawn with a seed. */
interface Subset {
  readonly name: string;
  readonly percent: number;
  readonly seed: number;
  readonly studies: readonly Study[];
}

/** A subset's classifier, before the test split is read. */
interface SubsetFit extends Subset {
  readonly trainedClasses: readonly string[];
  readonly classifier: FittedClassifier;
}

/** A classifier on the test split. */
interface TestedFit extends SubsetFit {
  readonly tested: readonly Study[];
  readonly byClass: Readonly<Record<string, ClassScores>>;
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

/** Subsets by seed, of each seed by fraction: a larger one holds the smaller ones. */
function drawSubsets({ percentages, seeds }: ProtocolOptions, train: readonly Study[]): Subset[] {
  const byId = new Map(train.map((study) => [study.id, study]));
  const fractions = percentages.map((percent) => percent / 100);
  const ids = train.map(({ id }) => id);
  return seeds.flatMap((seed) => {
    const subsets = nestedSubsets(ids, fractions, seed);
    return percentages.map((percent, i) => ({
      name: `${percent}-percent-seed-${seed}`,
      percent,
      seed,
      studies: subsets[i]!.map((drawn) => byId.get(drawn)!),
    }));
  });
}

/** Classes with studies of both kinds in a subset; the others are reported. Throws one line where none has. */
function trainableClasses({ classes, onMessage }: ProtocolOptions, { name, percent, studies }: Subset): readonly string[] {
  const trained = classes.filter((of) => {
    const { positives, negatives } = kindsOf(studies, of);
    return positives > 0 && negatives > 0;
  });
  for (const of of classes)
    if (!trained.includes(of)) onMessage(`${name}: class "${of}" has studies of one kind only among ${studies.length}; it is not trained and has no figures`);
  if (trained.length === 0)
    throw new HybridmedError(
      `${percent} % of the training labels are ${studies.length} studies, of one kind in every class; give a larger fraction with --percent`,
    );
  return trained;
}

/** Writes which studies a subset has, and fits a classifier to it. */
async function fitSubset(options: ProtocolOptions, subset: Subset, validation: readonly Study[], fit: FitClassifier): Promise<SubsetFit> {
  const { name, seed, studies } = subset;
  await saveSubset(
    options.out,
    name,
    studies.map(({ id }) => id),
  );
  const trainedClasses = trainableClasses(options, subset);
  options.onMessage(`${name}: fitting ${studies.length} studies`);
  return { ...subset, trainedClasses, classifier: await fit(studies, validation, { classes: trainedClasses, seed, name }) };
}

/** The threshold of a class by the validation split; undefined where that has no label of it. */
function thresholdOf({ studies, scores }: ScoredStudies, name: string, rule: ThresholdRule): number | undefined {
  const labelled = labelsOf(studies, name).flatMap((label, i) => (label === undefined ? [] : [{ label, score: scores[name]![i]! }]));
  if (labelled.length === 0) return undefined;
  return bestThreshold(
    labelled.map(({ label }) => label),
    labelled.map(({ score }) => score),
    rule,
  );
}

/** Scores a classifier on the test studies. A class that was not trained has no labels there, and so no figures. */
async function testFit({ classes, rule }: ProtocolOptions, fit: SubsetFit, test: readonly Study[]): Promise<TestedFit> {
  const { studies, scores } = await fit.classifier.predict(test);
  const scoresOf = (name: string): ClassScores => {
    const values = scores[name];
    if (!values) return { labels: studies.map(() => undefined), scores: new Float64Array(studies.length) };
    // Both kinds of classifiers score by logits.
    const probabilities = Float64Array.from(values, (logit) => 1 / (1 + Math.exp(-logit)));
    return { labels: labelsOf(studies, name), scores: values, threshold: thresholdOf(fit.classifier.validation, name, rule), probabilities };
  };
  return { ...fit, tested: studies, byClass: Object.fromEntries(classes.map((name) => [name, scoresOf(name)])) };
}

function resultOf({ classes }: ProtocolOptions, { percent, seed, studies, trainedClasses, classifier, byClass }: TestedFit): FitResult {
  return {
    percent,
    seed,
    trainStudies: studies.length,
    trainIds: hashNames(studies.map(({ id }) => id)),
    chosen: classifier.chosen,
    untrained: classes.filter((name) => !trainedClasses.includes(name)),
    test: classificationReport(byClass),
  };
}

/** Runs the protocol: every fit first, then the test split once, for all of them. */
export async function runProtocol(options: ProtocolOptions, fit: FitClassifier): Promise<ProtocolResult> {
  const { set, classes, percentages, out, onMessage } = options;
  checkUnread(out);
  const [train, validation] = [set.ofSplit('train'), set.ofSplit('validate')];
  checkClasses(options, train);
  for (const warning of set.data.warnings) onMessage(`warning: ${warning}`);
  // That there is a test split is known before anything is fitted; what is in it is not.
  if (!set.data.studies.some(({ split }) => split === 'test')) set.ofSplit('test');
  const readTest = readOnce(`${set.data.spec}: test split`, () => set.ofSplit('test'));
  const fits: SubsetFit[] = [];
  for (const subset of drawSubsets(options, train)) fits.push(await fitSubset(options, subset, validation, fit));
  onMessage('reading the test split');
  const test = readTest();
  const testedFits: TestedFit[] = [];
  for (const subsetFit of fits) testedFits.push(await testFit(options, subsetFit, test));
  const testStudies = testedFits.at(-1)?.tested ?? test;
  const scoresOf = ({ byClass }: TestedFit) => Object.fromEntries(Object.entries(byClass).map(([name, { scores }]) => [name, scores]));
  await saveTestScores(
    out,
    testStudies,
    classes,
    testedFits.map((tested) => ({ percent: tested.percent, seed: tested.seed, scores: scoresOf(tested) })),
  );
  const runs = testedFits.map((tested) => resultOf(options, tested));
  return {
    classes,
    studies: { train: train.length, validate: validation.length, test: testStudies.length },
    testIds: hashNames(testStudies.map(({ id }) => id)),
    shares: percentages.map((percent) => ({
      percent,
      meanAuc: meanAucOver(testedFits.filter((tested) => tested.percent === percent).map(({ byClass }) => byClass)),
      seeds: runs.filter((run) => run.percent === percent).map((run) => run.test.meanAuc?.value ?? null),
    })),
    runs,
  };
}
