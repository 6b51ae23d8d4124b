// Scores the impressions that a run's stage 1 writes for its validation split: decoded, and compared with the true ones as an evaluation does.
import type { Study } from '@hybridmed/data';
import { cider, normalizeForComparison } from '@hybridmed/eval';
import type { InputConfig, Model } from '@hybridmed/model';
import type { Tokenizer } from '@hybridmed/text';
import type { TextScorer } from '@hybridmed/training';

/** The scorer of some studies' texts; a text is at most as long as the model writes when it is used. */
export function textScorer(
  tokenizer: Tokenizer,
  studies: readonly Pick<Study, 'impression'>[],
  { impressionLength }: Pick<InputConfig, 'impressionLength'>,
  { decoder }: Pick<Model, 'decoder'>,
): TextScorer {
  const truth = studies.map(({ impression }) => normalizeForComparison(impression));
  return {
    maxTokens: Math.min(impressionLength, decoder.config.positions),
    cider: (texts) =>
      cider(
        texts.map((ids) => normalizeForComparison(tokenizer.decode([...ids]))),
        truth,
      ),
  };
}
