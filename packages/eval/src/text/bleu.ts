// BLEU of a corpus with one reference a text [Papineni et al. 2002], with the field's usual guards against zero counts.
import { checkPaired } from '../errors.ts';
import { countNgrams, splitTokens } from './tokens.ts';

const [tiny, small] = [1e-15, 1e-9];

/** Corpus BLEU-1 to BLEU-4 in [0, 1]. Texts are tokens separated by white space. Throws when the lists differ in length. */
export function bleu(hypotheses: readonly string[], references: readonly string[]): [number, number, number, number] {
  checkPaired('bleu', hypotheses, references, ['hypotheses', 'references']);
  const [correct, guess] = [[0, 0, 0, 0], [0, 0, 0, 0]];
  let [hypothesisLength, referenceLength] = [0, 0];
  hypotheses.forEach((hypothesis, i) => {
    const [ours, theirs] = [splitTokens(hypothesis), splitTokens(references[i]!)];
    hypothesisLength += ours.length;
    referenceLength += theirs.length;
    for (let n = 1; n <= 4; n++) {
      const expected = countNgrams(theirs, n);
      guess[n - 1]! += Math.max(0, ours.length - n + 1);
      for (const [ngram, count] of countNgrams(ours, n)) correct[n - 1]! += Math.min(count, expected.get(ngram) ?? 0);
    }
  });
  const ratio = (hypothesisLength + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return correct.map((count, i) => {
    product *= (count + tiny) / (guess[i]! + small);
    return product ** (1 / (i + 1)) * brevity;
  }) as [number, number, number, number];
}
