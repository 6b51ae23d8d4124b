// The contract of what scores the texts that stage 1 writes for the validation split.

/** Scores generated impressions against the true ones. */
export interface TextScorer {
  /** Max number of tokens of an impression. */
  readonly maxTokens: number;
  /** CIDEr of the whole validation split, from 0 to 10: a text a study in the split's order, as ids without [CLS] and [SEP]. */
  cider(texts: readonly (readonly number[])[]): number;
}
