// BLEU of a corpus with one reference a text [Papineni et al. 2002], with the field's usual guards against zero counts.
import { checkPaired } from '../errors.ts';
import { countNgrams, splitTokens } from './tokens.ts';

// The guards of the evaluation code that the field's figures come from.
const [tiny, small] = [1e-15, 1e-9];

/** Numbers of one text's row: matched and possible n-grams of order 1 to 4, then the lengths of hypothesis and reference. */
export const bleuWidth = 10;

/** What each text adds to a corpus's BLEU, (texts, 10): rows of any resample are simply added. Throws when the lists differ in length. */
export function bleuCounts(hypotheses: readonly string[], references: readonly string[]): Float64Array {
  checkPaired('bleu', hypotheses, references, ['hypotheses', 'references']);
  const counts = new Float64Array(hypotheses.length * bleuWidth);
  hypotheses.forEach((hypothesis, i) => {
    const row = counts.subarray(i * bleuWidth, (i + 1) * bleuWidth);
    const [ours, theirs] = [splitTokens(hypothesis), splitTokens(references[i]!)];
    for (let n = 1; n <= 4; n++) {
      const expected = countNgrams(theirs, n);
      for (const [ngram, count] of countNgrams(ours, n)) row[n - 1]! += Math.min(count, expected.get(ngram) ?? 0);
      row[3 + n] = Math.max(0, ours.length - n + 1);
    }
    row[8] = ours.length;
    row[9] = theirs.length;
  });
  return counts;
}

/** BLEU-1 to BLEU-4 of the texts at `indices`, or of all. */
export function bleuOfCounts(
  counts: Float64Array,
  indices: ArrayLike<number> = Array.from({ length: counts.length / bleuWidth }, (_, i) => i),
): [number, number, number, number] {
  const total = new Float64Array(bleuWidth);
  for (let i = 0; i < indices.length; i++) for (let j = 0; j < bleuWidth; j++) total[j]! += counts[indices[i]! * bleuWidth + j]!;
  const ratio = (total[8]! + tiny) / (total[9]! + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return [0, 1, 2, 3].map((i) => {
    product *= (total[i]! + tiny) / (total[4 + i]! + small);
    return product ** (1 / (i + 1)) * brevity;
  }) as [number, number, number, number];
}

/**
 * Corpus BLEU-1 to BLEU-4 in [0, 1], close to 0 where no n-gram of the order matches. Texts are tokens separated by white space.
 * Throws for no texts, or lists of different length.
 */
export function bleu(hypotheses: readonly string[], references: readonly string[]): [number, number, number, number] {
  return bleuOfCounts(bleuCounts(hypotheses, references));
}
