// Log-likelihoods of sentences under a model, (studies, sentences): checks, and sums of probabilities over sentences.
import { HybridmedError } from '@hybridmed/tensor';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';

/** Throws unless the log-likelihoods fill (studies, sentences), with some of both, and none is NaN or above 0. */
export function checkLogLikelihoods(metric: string, values: Vectors, sentences?: number): void {
  const [studies, columns] = sizesOf(values);
  if (values.shape.length !== 2 || !isFilled(values) || studies === 0 || columns === 0 || (sentences !== undefined && columns !== sentences))
    throw new HybridmedError(
      `${metric}: log-likelihoods have shape [${values.shape.join(', ')}] and ${values.data.length} values; give (studies, ${sentences ?? 'sentences'})`,
    );
  const bad = values.data.findIndex((value) => !(value <= 0));
  if (bad >= 0) throw new HybridmedError(`${metric}: log-likelihood ${bad} is ${values.data[bad]}; give log probabilities, 0 at most`);
}

/** log of the sum of exp over some columns, by study; -Infinity where each is. */
export function logSumExp(values: Vectors, chosen: (sentence: number) => boolean = () => true): Float64Array {
  const [studies, sentences] = sizesOf(values);
  const columns = Array.from({ length: sentences }, (_, i) => i).filter(chosen);
  return Float64Array.from({ length: studies }, (_, study) => {
    const row = columns.map((column) => values.data[study * sentences + column]!);
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    return most === -Infinity ? most : most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  });
}
