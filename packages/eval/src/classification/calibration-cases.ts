// What calibration is measured on: each case's confidence and what came of it, of one probability a case or of one a class.
import { HybridmedError } from '@hybridmed/tensor';
import { checkPaired } from '../errors.ts';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';

/** Cases with a label, an entry each. */
export interface CalibrationCases {
  /** The probability that is held against what happened, in [0, 1]. */
  readonly confidence: Float64Array;
  /** 1 where it happened, else 0. */
  readonly happened: Float64Array;
  /** What the case adds to the Brier score, and to the negative log-likelihood (infinite where the label had probability 0). */
  readonly brier: Float64Array;
  readonly nats: Float64Array;
}

function checkProbability(metric: string, value: number, name: string): void {
  if (!(value >= 0 && value <= 1)) throw new HybridmedError(`${metric}: ${name} is ${value}; give probabilities in [0, 1], not scores or logits`);
}

/**
 * Cases of one probability each, that of label 1; a case without a label is left out. The confidence is the probability itself, so that
 * both ends of the scale count. Throws for lists of different length, no labelled case, or what is no probability or label.
 */
export function binaryCases(probabilities: ArrayLike<number>, labels: readonly (0 | 1 | undefined)[]): CalibrationCases {
  const metric = 'binaryCalibration';
  checkPaired(metric, probabilities, labels, ['probabilities', 'labels']);
  const labelled = labels.flatMap((label, i) => (label === undefined ? [] : [i]));
  if (labelled.length === 0) throw new HybridmedError(`${metric}: no case has a label; give at least one`);
  for (const i of labelled) {
    checkProbability(metric, probabilities[i]!, `probability ${i}`);
    if (labels[i] !== 0 && labels[i] !== 1) throw new HybridmedError(`${metric}: label ${i} is ${String(labels[i])}; give 0, 1 or undefined`);
  }
  const of = (value: (p: number, y: number) => number) => Float64Array.from(labelled, (i) => value(probabilities[i]!, labels[i]!));
  return {
    confidence: of((p) => p),
    happened: of((_p, y) => y),
    brier: of((p, y) => (p - y) ** 2),
    nats: of((p, y) => -Math.log(y === 1 ? p : 1 - p)),
  };
}

// Rows of single-precision softmaxes sum to 1 within this.
const sumTolerance = 1e-3;

/**
 * Cases of a probability for each class, (N, classes), and the class that each is of; -1 for one of a class that is not among them, which
 * every answer misses. The confidence is the largest probability and it happened where that class is the label; of equals, the first.
 * Throws for probabilities that are none or do not sum to 1, labels that name no class, or no cases.
 */
export function multiclassCases(probabilities: Vectors, labels: readonly number[]): CalibrationCases {
  const metric = 'multiclassCalibration';
  const [rows, classes] = sizesOf(probabilities);
  if (probabilities.shape.length !== 2 || !isFilled(probabilities) || classes === 0)
    throw new HybridmedError(
      `${metric}: probabilities have shape [${probabilities.shape.join(', ')}] and ${probabilities.data.length} values; give (cases, classes)`,
    );
  checkPaired(metric, { length: rows }, labels, ['rows of probabilities', 'labels']);
  const cases = { confidence: new Float64Array(rows), happened: new Float64Array(rows), brier: new Float64Array(rows), nats: new Float64Array(rows) };
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < -1 || label >= classes)
      throw new HybridmedError(`${metric}: label ${i} is ${label}; give a class from 0 to ${classes - 1}, or -1 for one that is not among them`);
    const row = probabilities.data.subarray(i * classes, (i + 1) * classes);
    let [sum, best, squares] = [0, 0, label === -1 ? 1 : 0];
    row.forEach((p, at) => {
      checkProbability(metric, p, `probability ${at} of case ${i}`);
      sum += p;
      if (p > row[best]!) best = at;
      squares += (p - (at === label ? 1 : 0)) ** 2;
    });
    if (Math.abs(sum - 1) > sumTolerance) throw new HybridmedError(`${metric}: the probabilities of case ${i} sum to ${sum}; give those of a softmax`);
    cases.confidence[i] = row[best]!;
    cases.happened[i] = best === label ? 1 : 0;
    cases.brier[i] = squares;
    cases.nats[i] = label === -1 ? Infinity : -Math.log(row[label]!);
  });
  return cases;
}
