// Calibration: whether what is said with probability p happens in a fraction p of the cases [Guo et al. 2017], with intervals over cases.
import { checkPlaces } from '../errors.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrapAll } from '../statistics/bootstrap.ts';
import type { Vectors } from '../vectors.ts';
import type { CalibrationCases } from './calibration-cases.ts';
import { binaryCases, multiclassCases } from './calibration-cases.ts';

/** Cases whose confidence lies in one bin: how many, their mean confidence, and the fraction that happened; null for an empty bin. */
export interface ReliabilityBin {
  readonly count: number;
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

/** Calibration of one set of probabilities. */
export interface CalibrationReport {
  readonly cases: number;
  /** Expected calibration error over bins of equal width, in [0, 1]. */
  readonly ece: Interval;
  /** The greatest gap of any bin. */
  readonly mce: Interval;
  /** The expected calibration error over bins of equally many cases [Nixon et al. 2019]. */
  readonly adaptiveEce: Interval;
  /** Mean squared error of the probabilities: in [0, 1] for two classes by one probability, in [0, 2] by one a class. */
  readonly brier: Interval;
  /** Mean negative log-likelihood in nats, nothing clipped; null where a label had probability 0. */
  readonly nll: Interval | null;
  readonly bins: readonly ReliabilityBin[];
  /** Why something is null. */
  readonly undefined?: string;
}

/** Bootstrap options, and the number of bins (15). */
export interface CalibrationOptions extends BootstrapOptions {
  readonly bins?: number;
}

/** The bin (k / bins, (k + 1) / bins] of a confidence; 0 is in the first. Edges are compared as they are: a product would round some across. */
function binOf(confidence: number, bins: number): number {
  let bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
  while (bin > 0 && confidence <= bin / bins) bin--;
  while (bin < bins - 1 && confidence > (bin + 1) / bins) bin++;
  return bin;
}

interface Sums {
  readonly count: Float64Array;
  readonly confidence: Float64Array;
  readonly happened: Float64Array;
}

const noSums = (bins: number): Sums => ({ count: new Float64Array(bins), confidence: new Float64Array(bins), happened: new Float64Array(bins) });

/** Gap of each bin between what happened and what was said, times its cases. */
const gaps = ({ count, confidence, happened }: Sums): number[] => Array.from(count, (_, bin) => Math.abs(happened[bin]! - confidence[bin]!));

/** Sums over bins of equal width where case i counts `counts[i]` times. */
function equalWidth(cases: CalibrationCases, binOfCase: Int32Array, bins: number, counts: Int32Array): Sums {
  const sums = noSums(bins);
  binOfCase.forEach((bin, i) => {
    sums.count[bin]! += counts[i]!;
    sums.confidence[bin]! += counts[i]! * cases.confidence[i]!;
    sums.happened[bin]! += counts[i]! * cases.happened[i]!;
  });
  return sums;
}

/** Sums over bins of equally many cases, in order of confidence; sizes differ by one at most, the larger bins first. A case that counts often may be parted. */
function equalMass(cases: CalibrationCases, order: Int32Array, bins: number, counts: Int32Array): Sums {
  const sums = noSums(bins);
  const total = counts.reduce((a, b) => a + b, 0);
  const sizeOf = (bin: number) => Math.floor(total / bins) + (bin < total % bins ? 1 : 0);
  let [bin, room] = [0, sizeOf(0)];
  for (const i of order) {
    for (let left = counts[i]!; left > 0;) {
      while (room === 0) room = sizeOf(++bin);
      const taken = Math.min(left, room);
      sums.count[bin]! += taken;
      sums.confidence[bin]! += taken * cases.confidence[i]!;
      sums.happened[bin]! += taken * cases.happened[i]!;
      left -= taken;
      room -= taken;
    }
  }
  return sums;
}

const weighted = (values: Float64Array, counts: Int32Array): number => values.reduce((sum, value, i) => (counts[i] === 0 ? sum : sum + counts[i]! * value), 0);

/** The figures of some cases, and their intervals over resampled ones. */
function report(cases: CalibrationCases, { bins = 15, ...options }: CalibrationOptions): CalibrationReport {
  checkPlaces('calibration', bins, 'bins');
  const count = cases.confidence.length;
  const binOfCase = Int32Array.from(cases.confidence, (confidence) => binOf(confidence, bins));
  const order = Int32Array.from({ length: count }, (_, i) => i).toSorted((a, b) => cases.confidence[a]! - cases.confidence[b]! || a - b);
  const counts = new Int32Array(count);
  const [ece, mce, adaptiveEce, brier, nll] = bootstrapAll(
    count,
    (indices) => {
      counts.fill(0);
      for (const index of indices) counts[index]!++;
      const [wide, even] = [equalWidth(cases, binOfCase, bins, counts), equalMass(cases, order, bins, counts)];
      const total = (of: Sums) => gaps(of).reduce((sum, gap) => sum + gap, 0) / count;
      const greatest = gaps(wide).reduce((most, gap, bin) => (wide.count[bin] === 0 ? most : Math.max(most, gap / wide.count[bin]!)), 0);
      return [total(wide), greatest, total(even), weighted(cases.brier, counts) / count, weighted(cases.nats, counts) / count];
    },
    options,
  );
  const all = equalWidth(cases, binOfCase, bins, counts.fill(1));
  const impossible = cases.nats.filter((nats) => nats === Infinity).length;
  return {
    cases: count,
    ece: ece!,
    mce: mce!,
    adaptiveEce: adaptiveEce!,
    brier: brier!,
    nll: impossible > 0 ? null : nll!,
    bins: Array.from(all.count, (size, bin) =>
      size === 0
        ? { count: 0, confidence: null, accuracy: null }
        : { count: size, confidence: all.confidence[bin]! / size, accuracy: all.happened[bin]! / size },
    ),
    ...(impossible > 0 ? { undefined: `the labels of ${impossible} of ${count} cases had probability 0: the negative log-likelihood is infinite` } : {}),
  };
}

/**
 * Calibration of probabilities of label 1, one a case; cases without a label are left out. Expected calibration error (15 bins of equal
 * width, closed above), the greatest gap, the error over bins of equally many cases, the Brier score and the negative log-likelihood, each
 * with its percentile interval over cases. The expected errors are biased upwards where cases are few, and their intervals more so.
 * Throws for lists of different length, no labelled case, or what is no probability or label.
 */
export function binaryCalibration(
  probabilities: ArrayLike<number>,
  labels: readonly (0 | 1 | undefined)[],
  options: CalibrationOptions = {},
): CalibrationReport {
  return report(binaryCases(probabilities, labels), options);
}

/**
 * Calibration of probabilities of each class, (N, classes), by the confidence in the likeliest: as `binaryCalibration`, the Brier score
 * summed over classes. A label of -1 is a class that is not among them. Throws for probabilities that do not sum to 1, or labels that
 * name no class.
 */
export function multiclassCalibration(probabilities: Vectors, labels: readonly number[], options: CalibrationOptions = {}): CalibrationReport {
  return report(multiclassCases(probabilities, labels), options);
}
