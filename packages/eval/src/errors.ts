// Checks that every metric makes of its inputs; each failure is one line that says what to give instead.
import { HybridmedError } from '@hybridmed/tensor';

/** Throws unless two lists have the same, non-zero length. */
export function checkPaired(metric: string, a: ArrayLike<unknown>, b: ArrayLike<unknown>, names: readonly [string, string]): void {
  if (a.length !== b.length) throw new HybridmedError(`${metric}: ${a.length} ${names[0]} but ${b.length} ${names[1]}; give one for each`);
  if (a.length === 0) throw new HybridmedError(`${metric}: no ${names[0]}; give at least one`);
}

/** Throws where a score is not a number. Infinite scores can be ranked and pass. */
export function checkScores(metric: string, scores: ArrayLike<number>): void {
  for (let i = 0; i < scores.length; i++)
    if (Number.isNaN(scores[i])) throw new HybridmedError(`${metric}: score ${i} is not a number; drop the study or mend what computes it`);
}

/** Throws where a label is neither 0, 1 nor a boolean: the -1 of an uncertain study must not pass for a positive. */
export function checkLabels(metric: string, labels: ArrayLike<unknown>): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label !== 0 && label !== 1 && typeof label !== 'boolean')
      throw new HybridmedError(`${metric}: label ${i} is ${String(label)}; give 0 or 1, and map or leave out uncertain studies first`);
  }
}

/** Throws unless a count (of places, by default) is a whole number from 1. */
export function checkPlaces(metric: string, count: number, name = 'k'): void {
  if (!Number.isInteger(count) || count < 1) throw new HybridmedError(`${metric}: ${name} is ${count}; give a whole number from 1`);
}
