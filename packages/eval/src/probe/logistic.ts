// Logistic regression on frozen features: the linear probe of one class.
import { HybridmedError } from '@hybridmed/tensor';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';
import type { Minimum } from './lbfgs.ts';
import { minimize } from './lbfgs.ts';

/** A linear probe: logit = bias + weights . x. */
export interface Probe {
  readonly weights: Float64Array;
  readonly bias: number;
}

/** Options of fitting. */
export interface ProbeOptions {
  /** Strength lambda of lambda / 2 |w|^2 beside the mean loss, over standardized features: scikit-learn's C is 1 / (lambda n). */
  readonly l2?: number;
  /** `balanced`: both kinds of studies weigh the same in sum. */
  readonly classWeights?: 'none' | 'balanced';
}

function checkFeatures(metric: string, features: Vectors, rows: number): void {
  const { data, shape } = features;
  if (shape.length !== 2 || !isFilled(features) || shape[0] !== rows)
    throw new HybridmedError(`${metric}: features have shape [${shape.join(', ')}] and ${data.length} values for ${rows} studies; give (studies, width)`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new HybridmedError(`${metric}: feature ${bad} is ${data[bad]}; mend what computes it`);
}

/** Mean and standard deviation of each column over some rows; 1 for a constant column. */
function standardization({ data, shape }: Vectors, rows: readonly number[]): { mean: Float64Array; deviation: Float64Array } {
  const width = shape[1]!;
  const [mean, deviation] = [new Float64Array(width), new Float64Array(width)];
  for (const row of rows) for (let i = 0; i < width; i++) mean[i]! += data[row * width + i]! / rows.length;
  for (const row of rows) for (let i = 0; i < width; i++) deviation[i]! += (data[row * width + i]! - mean[i]!) ** 2 / rows.length;
  return { mean, deviation: deviation.map((value) => (value > 1e-20 ? Math.sqrt(value) : 1)) };
}

/**
 * Fits a probe on features (N, width) to labels; studies without a label are left out. The bias is not shrunk. Deterministic: the
 * problem is convex. Throws where a class has no positive or no negative study, or features are not finite.
 */
export function fitProbe(
  features: Vectors,
  labels: readonly (0 | 1 | undefined)[],
  { l2 = 1e-3, classWeights = 'none' }: ProbeOptions = {},
): Probe & Pick<Minimum, 'converged' | 'iterations'> {
  checkFeatures('fitProbe', features, labels.length);
  const rows = labels.flatMap((label, i) => (label === undefined ? [] : [i]));
  const positives = rows.filter((i) => labels[i] === 1).length;
  if (positives === 0 || positives === rows.length)
    throw new HybridmedError(`fitProbe: ${positives} of ${rows.length} labelled studies are positive; give studies of both kinds`);
  const width = features.shape[1]!;
  const { mean, deviation } = standardization(features, rows);
  const x = new Float64Array(rows.length * width);
  rows.forEach((row, at) => {
    for (let i = 0; i < width; i++) x[at * width + i] = (features.data[row * width + i]! - mean[i]!) / deviation[i]!;
  });
  const weightOf = (label: 0 | 1 | undefined): number =>
    classWeights === 'none' ? 1 : rows.length / (2 * (label === 1 ? positives : rows.length - positives));
  const minimum = minimize(
    (w, gradient) => {
      gradient.fill(0);
      let loss = 0;
      rows.forEach((row, at) => {
        let logit = w[width]!;
        for (let i = 0; i < width; i++) logit += w[i]! * x[at * width + i]!;
        const target = labels[row]!;
        const weight = weightOf(target) / rows.length;
        loss += weight * (Math.max(logit, 0) - logit * target + Math.log1p(Math.exp(-Math.abs(logit))));
        const slope = weight * (1 / (1 + Math.exp(-logit)) - target);
        for (let i = 0; i < width; i++) gradient[i]! += slope * x[at * width + i]!;
        gradient[width]! += slope;
      });
      for (let i = 0; i < width; i++) {
        loss += (l2 / 2) * w[i]! ** 2;
        gradient[i]! += l2 * w[i]!;
      }
      return loss;
    },
    new Float64Array(width + 1),
  );
  const weights = minimum.x.slice(0, width).map((value, i) => value / deviation[i]!);
  const bias = minimum.x[width]! - weights.reduce((sum, value, i) => sum + value * mean[i]!, 0);
  return { weights, bias, converged: minimum.converged, iterations: minimum.iterations };
}

/** Logits of a probe for features (N, width). Throws for another width. */
export function applyProbe({ weights, bias }: Probe, features: Vectors): Float64Array {
  const [rows, width] = sizesOf(features);
  if (width !== weights.length) throw new HybridmedError(`applyProbe: features have width ${width}, the probe ${weights.length}; use one encoder for both`);
  return Float64Array.from({ length: rows }, (_, row) => {
    let logit = bias;
    for (let i = 0; i < width; i++) logit += weights[i]! * features.data[row * width + i]!;
    return logit;
  });
}
