// What losses over one part of a vocabulary are: a part, their end, and the gradient.

/**
 * `part`: logits (rows, width) of the words from `start` on [, the teacher's], target (rows) -> what is known of each row so far, updated in
 * place. `finish`: that and target -> cross-entropy, [divergence,] log-sum-exp [of the logits / T, of the teacher's / T], (rows) each.
 * `gradient`: target, log-sum-exp, slope of the cross-entropy [, the teacher's logits, log-sum-exps of both / T, slope of the divergence] ->
 * the part's logits become their gradient in place. A target outside the vocabulary is ignored.
 */
export interface VocabularyLossProblem {
  readonly of: 'part' | 'finish' | 'gradient';
  readonly rows: number;
  /** Words of the part, and the first of them. */
  readonly width: number;
  readonly start: number;
  /** All words. */
  readonly vocabulary: number;
  readonly teacher: boolean;
  readonly temperature: number;
}
