// Classification of several classes: AUC, average precision, F1, accuracy and MCC with intervals from one set of resampled studies.
import { HybridmedError } from '@hybridmed/tensor';
import { checkScores } from '../errors.ts';
import { accuracy, f1, mcc } from '../ranking/classification.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrapAll } from '../statistics/bootstrap.ts';
import { mean } from '../statistics/mean.ts';
import type { CalibrationReport } from './calibration.ts';
import { binaryCalibration } from './calibration.ts';
import type { RankedClass } from './ranked.ts';
import { rankClass, rankedStatistics } from './ranked.ts';

/** One class of a report: for each study its label (undefined where it has none) and its score. */
export interface ClassScores {
  readonly labels: readonly (0 | 1 | undefined)[];
  readonly scores: ArrayLike<number>;
  /** Decisions are `score > threshold`; from the validation split. Without it F1, accuracy and MCC are undefined. */
  readonly threshold?: number | undefined;
  /** Probability of the label for each study, where the scores are of some; then the report has its calibration. */
  readonly probabilities?: ArrayLike<number> | undefined;
}

/** Figures of one class; null where undefined, with the reason in `undefined`. */
export interface ClassMetrics {
  /** Studies with a label, and positive ones. */
  readonly studies: number;
  readonly positives: number;
  readonly auc: Interval | null;
  readonly averagePrecision: Interval | null;
  readonly threshold: number | null;
  readonly f1: Interval | null;
  readonly accuracy: Interval | null;
  readonly mcc: Interval | null;
  /** Calibration of the class's probabilities, where there are some and a study has the label. */
  readonly calibration?: CalibrationReport;
  /** Why something is null. */
  readonly undefined?: string;
}

/** Figures of all classes, and the means over those whose AUC is defined. */
export interface ClassificationReport {
  readonly studies: number;
  readonly classes: Readonly<Record<string, ClassMetrics>>;
  /** Classes that the means are over. */
  readonly over: readonly string[];
  readonly meanAuc: Interval | null;
  readonly meanAveragePrecision: Interval | null;
}

interface Prepared {
  readonly name: string;
  readonly input: ClassScores;
  readonly ranked: RankedClass;
  readonly studies: number;
  readonly positives: number;
}

function prepare(name: string, input: ClassScores, count: number): Prepared {
  const { labels, scores } = input;
  if (labels.length !== count || scores.length !== count)
    throw new HybridmedError(
      `classificationReport: class "${name}" has ${labels.length} labels and ${scores.length} scores for ${count} studies; give one each`,
    );
  const labelled = labels.flatMap((label, i) => (label === undefined ? [] : [i]));
  const bad = labelled.find((i) => labels[i] !== 0 && labels[i] !== 1);
  if (bad !== undefined) throw new HybridmedError(`classificationReport: class "${name}", label ${bad} is ${String(labels[bad])}; give 0, 1 or undefined`);
  checkScores(`classificationReport, class "${name}"`, scores);
  const known = labels.map((label) => label ?? 0);
  return { name, input, ranked: rankClass(labelled, known, scores), studies: labelled.length, positives: labelled.filter((i) => labels[i] === 1).length };
}

const oneSided = ({ studies, positives }: Prepared): boolean => positives === 0 || positives === studies;

/** Why figures of a class are undefined, or nothing. */
function reason({ studies, positives, input: { threshold } }: Prepared): string | undefined {
  if (studies === 0) return 'no study has this label';
  if (positives === 0) return `none of the ${studies} studies is positive: AUC, average precision and MCC are undefined`;
  if (positives === studies) return `all ${studies} studies are positive: AUC, average precision and MCC are undefined`;
  return threshold === undefined ? 'no validation studies of both kinds to set a threshold: F1, accuracy and MCC are undefined' : undefined;
}

function decisions({ input: { labels, scores, threshold }, ranked: { order } }: Prepared, counts: Int32Array): number[] {
  if (threshold === undefined) return [Number.NaN, Number.NaN, Number.NaN];
  const table = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (const study of order) {
    const called = scores[study]! > threshold;
    table[labels[study] ? (called ? 'truePositives' : 'falseNegatives') : called ? 'falsePositives' : 'trueNegatives'] += counts[study]!;
  }
  return [f1(table), accuracy(table), mcc(table)];
}

/** Calibration of a class with probabilities. */
function calibrationOf({ input: { labels, probabilities }, studies }: Prepared, options?: BootstrapOptions): Pick<ClassMetrics, 'calibration'> {
  return probabilities && studies > 0 ? { calibration: binaryCalibration(probabilities, labels, options) } : {};
}

const defined = (interval: Interval): Interval | null => (Number.isNaN(interval.value) ? null : interval);

/**
 * Figures of every class over the same `count` studies, with percentile intervals from one set of resampled studies, so that the mean
 * over classes has an interval too. What is undefined is null and says why: AUC of a class with one label is never a number. In
 * resamples that lack a label of some class the means are left out. Throws for no studies, no classes, lists of another length, or
 * scores that are not numbers.
 */
export function classificationReport(classes: Readonly<Record<string, ClassScores>>, options?: BootstrapOptions): ClassificationReport {
  const names = Object.keys(classes);
  if (names.length === 0) throw new HybridmedError('classificationReport: no classes; give at least one');
  const count = classes[names[0]!]!.labels.length;
  const prepared = names.map((name) => prepare(name, classes[name]!, count));
  const over = prepared.filter((entry) => !oneSided(entry));
  const counts = new Int32Array(count);
  const intervals = bootstrapAll(
    count,
    (indices) => {
      counts.fill(0);
      for (const index of indices) counts[index]!++;
      const ranked = new Map(over.map((entry) => [entry.name, rankedStatistics(entry.ranked, counts)]));
      const each = prepared.flatMap((entry) => {
        const { auc, averagePrecision } = ranked.get(entry.name) ?? { auc: Number.NaN, averagePrecision: Number.NaN };
        return [auc, averagePrecision, ...(entry.studies > 0 ? decisions(entry, counts) : [Number.NaN, Number.NaN, Number.NaN])];
      });
      return [mean([...ranked.values()].map(({ auc }) => auc)), mean([...ranked.values()].map((value) => value.averagePrecision)), ...each];
    },
    options,
  );
  const metricsOf = (entry: Prepared, at: number): ClassMetrics => {
    const [auc, averagePrecision, f1Value, accuracyValue, mccValue] = intervals.slice(2 + 5 * at, 7 + 5 * at).map(defined) as (Interval | null)[];
    const why = reason(entry);
    return {
      studies: entry.studies,
      positives: entry.positives,
      auc: auc!,
      averagePrecision: averagePrecision!,
      threshold: entry.input.threshold ?? null,
      f1: entry.positives === 0 ? null : f1Value!,
      accuracy: accuracyValue!,
      mcc: oneSided(entry) ? null : mccValue!,
      ...calibrationOf(entry, options),
      ...(why === undefined ? {} : { undefined: why }),
    };
  };
  return {
    studies: count,
    classes: Object.fromEntries(prepared.map((entry, at) => [entry.name, metricsOf(entry, at)])),
    over: over.map(({ name }) => name),
    meanAuc: defined(intervals[0]!),
    meanAveragePrecision: defined(intervals[1]!),
  };
}

/** A mean AUC over classes of both kinds, as a function of how often each study counts; undefined where there is none. */
function meanAucOf(classes: Readonly<Record<string, ClassScores>>, count: number): ((counts: Int32Array) => number) | undefined {
  const ranked = Object.entries(classes)
    .map(([name, input]) => prepare(name, input, count))
    .filter((entry) => !oneSided(entry))
    .map((entry) => entry.ranked);
  return ranked.length === 0 ? undefined : (counts) => mean(ranked.map((entry) => rankedStatistics(entry, counts).auc));
}

/**
 * Interval of the mean AUC over several runs of one system (its seeds) on the same studies, or, with `than`, of the difference to
 * another system's: studies are drawn once for all, so that the difference is paired. A run's AUC is the mean over its classes with
 * both labels. Null where a run has none. Throws for no runs.
 */
export function meanAucOver(
  runs: readonly Readonly<Record<string, ClassScores>>[],
  { than = [], ...options }: BootstrapOptions & { readonly than?: readonly Readonly<Record<string, ClassScores>>[] } = {},
): Interval | null {
  const count = Object.values(runs[0] ?? {})[0]?.labels.length ?? 0;
  if (count === 0) throw new HybridmedError('meanAucOver: no runs with studies; give at least one');
  const [own, others] = [runs, than].map((systems) => systems.map((classes) => meanAucOf(classes, count)));
  if ([...own!, ...others!].includes(undefined)) return null;
  const counts = new Int32Array(count);
  const [interval] = bootstrapAll(
    count,
    (indices) => {
      counts.fill(0);
      for (const index of indices) counts[index]!++;
      const [first, second] = [own!, others!].map((systems) => (systems.length === 0 ? 0 : mean(systems.map((system) => system!(counts)))));
      return [first! - second!];
    },
    options,
  );
  return interval!;
}
