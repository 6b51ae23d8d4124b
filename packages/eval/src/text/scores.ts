// The text metrics together, as tables show them.
import { bleu } from './bleu.ts';
import { cider } from './cider.ts';
import { rougeL } from './rouge.ts';
import { normalizeForComparison } from './tokens.ts';

/** Agreement of generated with true texts. */
export interface TextScores {
  readonly bleu1: number;
  readonly bleu2: number;
  readonly bleu3: number;
  readonly bleu4: number;
  readonly rougeL: number;
  readonly cider: number;
  /** Number of distinct generated texts. */
  readonly distinct: number;
}

/** Scores raw texts after lower-casing and separating punctuation. Throws for no texts, or lists of different length. */
export function textScores(hypotheses: readonly string[], references: readonly string[]): TextScores {
  const [ours, theirs] = [hypotheses.map(normalizeForComparison), references.map(normalizeForComparison)];
  const [bleu1, bleu2, bleu3, bleu4] = bleu(ours, theirs);
  return { bleu1, bleu2, bleu3, bleu4, rougeL: rougeL(ours, theirs), cider: cider(ours, theirs), distinct: new Set(ours).size };
}
