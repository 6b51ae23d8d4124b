// Log-odds of one text against another given an image, by each of the two parts of a model that relate images to texts.
import { prepareTexts } from '@hybridmed/data/browser';
import type { Model } from '@hybridmed/model';
import type { Scope, VisionFeatures } from '@hybridmed/nn';
import { normalize } from '@hybridmed/nn';
import type { HostArray, HostArrays, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';

const row = (length: string, dtype: TensorSpec['dtype']): TensorSpec => ({ shape: [1, length], dtype });

/** The two texts as a graph takes them: ids and mask, and what the decoder reads and writes, (1, Y) each for `text` and (1, Z) for `against`. */
export const pairSpecs: Readonly<Record<string, TensorSpec>> = {
  text: row('Y', 'i32'),
  text_mask: row('Y', 'f32'),
  text_input: row('T', 'i32'),
  text_target: row('T', 'i32'),
  against: row('Z', 'i32'),
  against_mask: row('Z', 'f32'),
  against_input: row('U', 'i32'),
  against_target: row('U', 'i32'),
};

const between = ({ data }: HostArray, from: number, to: number): HostArray => ({ data: (data as Int32Array).slice(from, to), shape: [1, to - from] });

/** A text as token ids and mask (1, L), and what the decoder reads and writes of it (1, L - 1). */
export interface OddsText {
  readonly ids: HostArray;
  readonly mask: HostArray;
  readonly input: HostArray;
  readonly target: HostArray;
}

/** A text, and the one that it is compared with. */
export type TextPair = Readonly<Record<'text' | 'against', OddsText>>;

/** Two texts, cut to `maxTokens`. */
export function textPair(tokenizer: Tokenizer, text: string, against: string, maxTokens: number): TextPair {
  const arrays = (of: string): OddsText => {
    const { ids, mask } = prepareTexts(tokenizer, [of], maxTokens);
    const length = ids.data.length;
    return { ids, mask, input: between(ids, 0, length - 1), target: between(ids, 1, length) };
  };
  return { text: arrays(text), against: arrays(against) };
}

/** A pair as arrays for `pairSpecs`. */
export const pairArrays = (pair: TextPair): HostArrays =>
  Object.fromEntries(
    Object.entries(pair).flatMap(([name, { ids, mask, input, target }]) => [
      [name, ids],
      [`${name}_mask`, mask],
      [`${name}_input`, input],
      [`${name}_target`, target],
    ]),
  );

/** The alignment's log-odds of `text` against `against` for each image (B): the difference of their cosines times the logit scale, as the global loss has it. */
export function alignedLogOdds(model: Model, scope: Scope, features: VisionFeatures, pair: Tensors): Tensor {
  const align = scope.child('align');
  const image = normalize(model.align.projectImage(align, features));
  const direction = (name: 'text' | 'against') =>
    normalize(model.align.projectText(align, model.text.call(scope.child('text'), pair[name]!, pair[`${name}_mask`]!)));
  return ops.mul(ops.sum(ops.mul(image, ops.sub(direction('text'), direction('against'))), { axes: [1] }), ops.exp(model.align.logScale(align)));
}

/** The image branch's log-odds for each image (B): the log-probability of writing `text` less that of writing `against`, in nats. */
export function writtenLogOdds(model: Model, scope: Scope, { tokens }: VisionFeatures, pair: Tensors): Tensor {
  const decoder = scope.child('decoder');
  const batch = tokens.shape[0]!;
  const memory = model.decoder.projectMemory(decoder, 'image', tokens);
  const logProbability = (name: 'text' | 'against') => {
    const spread = (ids: Tensor) => ops.broadcast(ids, [batch, ids.shape[1]!]);
    const { hidden } = model.decoder.prefill(decoder, 'image', spread(pair[`${name}_input`]!), memory);
    return ops.neg(ops.sum(ops.crossEntropy(model.decoder.logits(decoder, hidden), spread(pair[`${name}_target`]!)), { axes: [1] }));
  };
  return ops.sub(logProbability('text'), logProbability('against'));
}
