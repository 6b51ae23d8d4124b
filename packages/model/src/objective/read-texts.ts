// What a model's encoder makes of a batch's texts: from their token ids, or behind a frozen front from what that made of them.
import type { Scope } from '@hybridmed/nn';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import type { ReadFeatures } from '../model/text-front.ts';

type TextReader = Pick<Model, 'text' | 'textFront'>;

/** Token vectors (B, L, Dt) of the findings and, where the encoder weighs words, the weights (B, L). `scope` is the model's. */
export function readFindings({ text, textFront }: TextReader, scope: Scope, batch: BatchTensors): ReadFeatures['findings'] {
  const { findings, findings_mask: mask, findings_features: features } = batch;
  const own = scope.child('text');
  return textFront ? textFront.read.findings(own, features, mask) : text.call(own, findings, mask);
}

/** The vector (B, Dt) of each impression. `scope` is the model's. */
export function readImpression({ text, textFront }: TextReader, scope: Scope, batch: BatchTensors): ReadFeatures['impression'] {
  const { impression, impression_mask: mask, impression_features: features } = batch;
  const own = scope.child('text');
  return textFront ? textFront.read.impression(own, features, mask) : text.call(own, impression, mask);
}
