// Checks that every metric makes of its inputs.
import { HybridmedError } from '@hybridmed/tensor';

/** Throws one line unless two lists have the same, non-zero length. */
export function checkPaired(metric: string, a: ArrayLike<unknown>, b: ArrayLike<unknown>, names: readonly [string, string]): void {
  if (a.length !== b.length) throw new HybridmedError(`${metric}: ${a.length} ${names[0]} but ${b.length} ${names[1]}; give one for each`);
  if (a.length === 0) throw new HybridmedError(`${metric}: no ${names[0]}; give at least one`);
}

/** Throws one line where a score is not a number. */
export function checkScores(metric: string, scores: ArrayLike<number>): void {
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i])) throw new HybridmedError(`${metric}: score ${i} is not a number; drop the study or mend what computes it`);
}
