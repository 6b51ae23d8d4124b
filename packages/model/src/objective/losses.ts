// The losses of both stages over traced batches, composed as the method composes them.
import { globalContrast, localContrast } from '@hybridmed/align';
import { headLosses } from '@hybridmed/decoder';
import type { Scope, TextFeatures } from '@hybridmed/nn';
import type { Tensor, VocabularyHead } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { BatchTensors } from '../graphs/batch.ts';
import type { LossName, LossWeights, SpecialTokens } from '../model/config.ts';
import { lossNames } from '../model/config.ts';
import type { Model } from '../model/model.ts';

/** Losses by name, f32 scalars in nats; `total` is their weighted sum. */
export type Losses = Partial<Record<LossName, Tensor>> & { readonly total: Tensor };

/** What divides the losses when a batch is split into micro-batches: the whole batch's target tokens and studies, f32 scalars. */
export interface Counts {
  readonly tokens: Tensor;
  readonly studies: Tensor;
}

/** The summarization branch over a batch: its final states with the output layer, and the findings it read. */
export function summarize(model: Model, scope: Scope, batch: BatchTensors): { head: VocabularyHead; findings: TextFeatures } {
  const findings = model.text.call(scope.child('text'), batch.findings, batch.findings_mask);
  const decoder = scope.child('decoder');
  const hidden = model.decoder.hidden(decoder, 'findings', batch.input, findings.tokens, batch.findings_mask);
  return { head: model.decoder.head(decoder, hidden), findings };
}

const targetsOf = ({ target, target_mask: mask }: BatchTensors, counts?: Counts) => ({ target, mask, count: counts?.tokens });

/** Stage 1: L_Sum alone. */
export function stage1Losses(model: Model, scope: Scope, batch: BatchTensors, counts?: Counts): Losses {
  const { token: sum } = headLosses({ ...summarize(model, scope, batch).head, ...targetsOf(batch, counts) });
  return { sum, total: sum };
}

/** Options of stage 2's losses. */
export interface Stage2Options {
  readonly weights: LossWeights;
  /** Distillation temperature T. */
  readonly temperature: number;
  /** Temperature tau of the local alignment. */
  readonly tau: number;
  /** Whether studies with one impression are negatives of each other or share the target. */
  readonly duplicates: 'negatives' | 'positives';
}

/** What the image branch learns from: the live findings branch, or states (B, T, width) with an output layer of their own. */
export type Teacher = { readonly kind: 'live' } | { readonly kind: 'frozen'; readonly head: VocabularyHead };

/** How the global loss is computed: over this batch, or, for a micro-batch, through cached gradients of the whole batch's projections. */
export type GlobalTerm = { readonly kind: 'batch' } | { readonly kind: 'cached'; readonly image: Tensor; readonly text: Tensor; readonly scale: Tensor };

/** 1 for words of a text: real tokens other than [CLS] and [SEP]: (B, L). */
export function wordMask(ids: Tensor, mask: Tensor, special: SpecialTokens): Tensor {
  return ops.mul(mask, ops.mul(ops.sub(1, ops.equal(ids, special.cls)), ops.sub(1, ops.equal(ids, special.sep))));
}

/** Projections of a batch's images and impressions, (B, d) each, not normalized. */
export function globalProjections(
  model: Model,
  scope: Scope,
  batch: Pick<BatchTensors, 'image' | 'impression' | 'impression_mask'>,
): { image: Tensor; text: Tensor } {
  const align = scope.child('align');
  return {
    image: model.align.projectImage(align, model.vision.call(scope.child('vision'), batch.image)),
    text: model.align.projectText(align, model.text.call(scope.child('text'), batch.impression, batch.impression_mask)),
  };
}

/** Stage 2: L = w_CG L_CG + w_CL L_CL + w_Sum L_Sum + w_Cap L_Cap + w_Dis L_Dis; losses of weight 0 are left out. */
export function stage2Losses(
  model: Model,
  scope: Scope,
  batch: BatchTensors,
  options: Stage2Options,
  teacher: Teacher,
  term: GlobalTerm = { kind: 'batch' },
  counts?: Counts,
): Losses {
  const { weights, temperature, tau, duplicates } = options;
  const align = scope.child('align');
  const features = model.vision.call(scope.child('vision'), batch.image);
  const { head: summary, findings } = summarize(model, scope, batch);
  const decoder = scope.child('decoder');
  const summed = headLosses({ ...summary, ...targetsOf(batch, counts) });
  const caption = headLosses({
    ...model.decoder.head(decoder, model.decoder.hidden(decoder, 'image', batch.input, features.tokens)),
    ...targetsOf(batch, counts),
    teacher: weights.dis === 0 ? undefined : { ...(teacher.kind === 'live' ? summary : teacher.head), temperature },
  });
  const losses: Partial<Record<LossName, Tensor>> = {};
  let total = ops.full(0, []);
  const include = (name: LossName, loss: () => Tensor) => {
    if (weights[name] === 0) return;
    losses[name] = loss();
    total = ops.add(total, ops.mul(losses[name], weights[name]));
  };
  include('cg', () => {
    const impression = model.text.call(scope.child('text'), batch.impression, batch.impression_mask);
    const [image, text, logScale] = [model.align.projectImage(align, features), model.align.projectText(align, impression), model.align.logScale(align)];
    if (term.kind === 'batch') return globalContrast({ image, text, logScale, ...(duplicates === 'positives' ? { groups: batch.groups } : {}) });
    // The sum's gradient is the cached gradient of the whole batch's loss with respect to these projections.
    return ops.add(ops.add(ops.sum(ops.mul(image, term.image)), ops.sum(ops.mul(text, term.text))), ops.mul(logScale, term.scale));
  });
  include('cl', () => {
    const rows = localContrast({
      patches: model.align.projectPatches(align, features),
      words: model.align.projectWords(align, findings),
      wordMask: wordMask(batch.findings, batch.findings_mask, model.special),
      ...(findings.importance ? { importance: findings.importance } : {}),
      temperature: tau,
    });
    return counts ? ops.div(ops.sum(rows), counts.studies) : ops.mean(rows);
  });
  include('sum', () => summed.token);
  include('cap', () => caption.token);
  include('dis', () => caption.distillation!);
  return { ...losses, total };
}

/** Losses as named results of a graph. */
export function lossResults(losses: Losses): Record<string, Tensor> {
  return Object.fromEntries([...lossNames, 'total' as const].flatMap((name) => (losses[name] ? [[name, losses[name]]] : [])));
}
