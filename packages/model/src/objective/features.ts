// What the model makes of a batch for losses to read, each encoder and branch run once.
import type { TextHead } from '@hybridmed/decoder';
import { headLogits, tokenNats } from '@hybridmed/decoder';
import type { Scope } from '@hybridmed/nn';
import { dropout } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { SpecialTokens } from '../model/config.ts';
import type { Model } from '../model/model.ts';
import { readsImages } from '../model/no-vision.ts';
import type { ReadFeatures } from '../model/text-front.ts';
import { fieldsOfFeatures } from './feature-fields.ts';
import { readFindings, readImpression } from './read-texts.ts';
import type { FeatureName, FeatureReader, LossFeatures } from './row.ts';

/** The summarization branch's final states with the output layer and, where it copies, what of the findings. */
function summaryHead({ decoder }: Model, scope: Scope, batch: BatchTensors, findings: ReadFeatures['findings']): TextHead {
  const own = scope.child('decoder');
  const { findings: ids, findings_mask: mask } = batch;
  const source = decoder.copies('findings') ? { keys: decoder.projectPointer(own, findings.tokens), ids, mask } : undefined;
  return decoder.head(own, decoder.hidden(own, 'findings', batch.input, findings.tokens, mask), source);
}

/** The summarization branch over a batch: its final states with the output layer and, where it copies, what of the findings. */
export const summarize = (model: Model, scope: Scope, batch: BatchTensors): TextHead => summaryHead(model, scope, batch, readFindings(model, scope, batch));

/** 1 for words of a text: real tokens other than [CLS] and [SEP]: (B, L). */
export function wordMask(ids: Tensor, mask: Tensor, special: SpecialTokens): Tensor {
  return ops.mul(mask, ops.mul(ops.sub(1, ops.equal(ids, special.cls)), ops.sub(1, ops.equal(ids, special.sep))));
}

/** What the image branch learns from: the live findings branch, or states (B, T, width) with an output layer of their own. */
export type Teacher = { readonly kind: 'live' } | { readonly kind: 'frozen'; readonly head: TextHead };

/** What features are made from. */
export interface FeatureSource {
  readonly model: Model;
  readonly scope: Scope;
  readonly batch: BatchTensors;
  readonly teacher: Teacher;
  /** Distillation temperature T. */
  readonly temperature: number;
}

/** Cross-entropy of each target token (B, T) by the image branch and, with a teacher, its divergence from that one's distribution, copies included. */
function captionLosses(
  head: TextHead,
  target: Tensor,
  { teacher, temperature }: { teacher: TextHead | undefined; temperature: number },
): { crossEntropy: Tensor; divergence?: Tensor } {
  if (!teacher?.copying) return ops.vocabularyLoss({ ...head, target, ...(teacher ? { teacher: { ...teacher, temperature } } : {}) });
  const { crossEntropy } = ops.vocabularyLoss({ ...head, target });
  return { crossEntropy, divergence: ops.distillation(headLogits(head), ops.stopGradient(headLogits(teacher)), temperature) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Features of a batch by name, each made when it is first asked for; `names` are those that will be. */
export function modelFeatures({ model, scope, batch, teacher, temperature }: FeatureSource, names: ReadonlySet<FeatureName>): FeatureReader {
  const [align, decoder] = [scope.child('align'), scope.child('decoder')];
  const withImages = readsImages(model);
  const image = once(() => model.vision.call(scope.child('vision'), batch.image));
  const impression = once(() => readImpression(model, scope, batch));
  const findings = once(() => readFindings(model, scope, batch));
  const summary = once(() => summaryHead(model, scope, batch, findings()));
  const caption = once(() =>
    captionLosses(model.decoder.head(decoder, model.decoder.hidden(decoder, 'image', batch.input, withImages ? image().tokens : undefined)), batch.target, {
      temperature,
      teacher: !names.has('divergence') ? undefined : teacher.kind === 'live' ? summary() : teacher.head,
    }),
  );
  const make: { readonly [N in FeatureName]: () => LossFeatures[N] } = {
    summary: once(() => tokenNats(summary(), batch.target)),
    caption: () => caption().crossEntropy,
    divergence: () => caption().divergence!,
    imageGlobal: once(() => (model.headDropout ? dropout(scope.child('lab'), image().global, model.headDropout, 'head') : image().global)),
    imageVector: once(() => model.align.projectImage(align, image())),
    textVector: once(() => model.align.projectText(align, impression())),
    patches: once(() => model.align.projectPatches(align, image())),
    words: once(() => model.align.projectWords(align, findings())),
    wordMask: once(() => wordMask(batch.findings, batch.findings_mask, model.special)),
    importance: () => findings().importance,
  };
  // Images first, so that the backward pass comes to them last, whatever the losses' order.
  if (withImages && fieldsOfFeatures(names).includes('image')) image();
  return (name) => make[name]();
}
