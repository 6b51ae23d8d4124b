// AdamW on the host, in place over parameters, moments and gradients: one pass for the norm, one for the update.
import type { OpAttributes } from '@hybridmed/tensor';

/** Arrays of one parameter. */
export interface AdamWArrays {
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Sum of squares in float64, in index order. */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * values[i]!;
  return a + b + c + d;
}

/** Updates all parameters in place and returns the gradients' global norm before clipping. */
export function adamWInPlace(arrays: readonly AdamWArrays[], learningRate: number, step: number, attributes: OpAttributes['adamW']): number {
  const { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings } = attributes;
  const norm = Math.sqrt(arrays.reduce((total, { gradient }) => total + sumOfSquares(gradient), 0));
  const clip = Number.isFinite(maxNorm) ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
  const rate = learningRate / (1 - beta1 ** step);
  const root = 1 / Math.sqrt(1 - beta2 ** step);
  arrays.forEach(({ parameter, gradient, first, second }, index) => {
    const keep = decay[index] ? 1 - learningRate * weightDecay : 1;
    const ceiling = ceilings[index]!;
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i]! * clip;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      const next = parameter[i]! * keep - (rate * m) / (Math.sqrt(v) * root + epsilon);
      parameter[i] = next > ceiling ? ceiling : next;
    }
  });
  return norm;
}

/** Adds rows of `updates` to the rows of `table` that `ids` name, in order; ids outside the table are clamped. */
export function scatterAddInPlace(table: Float32Array, updates: Float32Array, ids: Int32Array, rows: number): void {
  const width = table.length / rows;
  for (let i = 0; i < ids.length; i++) {
    const to = Math.min(Math.max(ids[i]!, 0), rows - 1) * width;
    const from = i * width;
    for (let j = 0; j < width; j++) table[to + j]! += updates[from + j]!;
  }
}
