// ROUGE-L: how long a common subsequence two texts share [Lin 2004].
import { checkPaired } from '../errors.ts';
import { mean } from '../statistics/mean.ts';

// Of the evaluation code that the field's figures come from.
const usualBeta = 1.2;

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let [previous, row] = [new Int32Array(b.length + 1), new Int32Array(b.length + 1)];
  for (const token of a) {
    for (let j = 1; j <= b.length; j++) row[j] = token === b[j - 1] ? previous[j - 1]! + 1 : Math.max(previous[j]!, row[j - 1]!);
    [previous, row] = [row, previous];
  }
  return previous[b.length]!;
}

/** ROUGE-L F of two texts' tokens, in [0, 1]: recall weighs `beta`^2 times as much as precision. 0 where either is empty. */
export function rougeLOf(ours: readonly string[], theirs: readonly string[], beta: number): number {
  const common = longestCommonSubsequence(ours, theirs);
  if (common === 0) return 0;
  const [precision, recall] = [common / ours.length, common / theirs.length];
  return ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

/**
 * ROUGE-L F (beta 1.2) in [0, 1] of each text; 0 where either is empty. Texts are tokens separated by single spaces. Throws for no
 * texts, or lists of different length.
 */
export function rougeLEach(hypotheses: readonly string[], references: readonly string[]): number[] {
  checkPaired('rougeL', hypotheses, references, ['hypotheses', 'references']);
  return hypotheses.map((hypothesis, i) => {
    if (hypothesis === '' || references[i] === '') return 0;
    return rougeLOf(hypothesis.split(' '), references[i]!.split(' '), usualBeta);
  });
}

/** Mean ROUGE-L of a corpus, in [0, 1]. Throws as `rougeLEach` does. */
export function rougeL(hypotheses: readonly string[], references: readonly string[]): number {
  return mean(rougeLEach(hypotheses, references));
}
