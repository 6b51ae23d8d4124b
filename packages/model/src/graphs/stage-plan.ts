// Which step of pre-training to build: the stage, its losses and its teacher, and the batch fields that follow from them.
import type { TensorSpec } from '@hybridmed/tensor';
import type { BatchField } from '../model/batch-fields.ts';
import { batchFields } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import { stage1Names } from '../model/model.ts';
import { readsImages } from '../model/no-vision.ts';
import { fieldsOfFeatures } from '../objective/feature-fields.ts';
import type { LossOptions } from '../objective/row.ts';
import type { LossWeights } from '../objective/rows.ts';
import type { LossTerm } from '../objective/terms.ts';
import { featuresOf, fieldsOf, lossTerms } from '../objective/terms.ts';
import { batchSpecs } from './batch.ts';

/** How stage 2's teacher is run: the frozen copy inside the step (`snapshot`), its precomputed hidden states (`cached`), or the live branch. */
export type TeacherMode = 'snapshot' | 'cached' | 'live';

/**
 * Which step to build. With `remat`, each layer's inner values are computed again for the backward pass instead of being kept. With
 * `lossScale`, gradients are taken of the loss times a scale that is kept in the state (`startLossScale`), as mixed precision needs.
 */
export type StagePlan = { readonly remat?: boolean; readonly lossScale?: boolean } & (
  | { readonly stage: 1 }
  | ({ readonly stage: 2; readonly teacher: TeacherMode; readonly weights: LossWeights } & LossOptions)
);

/** Prefix of the frozen teacher's parameters in the state. */
export const teacherPrefix = 'teacher.';

/** Prefix of accumulated gradients in the state. */
export const gradientPrefix = 'grad.';

/** What losses read of a plan; stage 1 has none of its own. */
export const optionsOf = (plan: StagePlan): LossOptions => (plan.stage === 2 ? plan : { temperature: 1, tau: 0.1, duplicates: 'negatives' });

/** Batch fields that some losses of a plan read, in the batch's order. */
export function termFields(plan: StagePlan, terms: readonly LossTerm[]): BatchField[] {
  const ofTokens = terms.some(({ row }) => row.unit === 'token') ? ['target_mask' as const] : [];
  const fields = new Set<BatchField>([...fieldsOfFeatures(featuresOf(terms)), ...ofTokens, ...fieldsOf(terms, optionsOf(plan))]);
  return batchFields.filter((field) => fields.has(field));
}

const ofModel = (model: Pick<Model, 'vision'>, fields: readonly BatchField[]): BatchField[] =>
  fields.filter((field) => field !== 'image' || readsImages(model));

/** Batch fields a model's step reads, in the batch's order. */
export const stepFields = (plan: StagePlan, model: Pick<Model, 'vision'>): BatchField[] => ofModel(model, termFields(plan, lossTerms(plan)));

/** Symbolic shapes of those of some fields of a batch that a model reads. */
export const specsOf = (model: Model, fields: readonly BatchField[]): Record<string, TensorSpec> => {
  const all = batchSpecs(model);
  return Object.fromEntries(ofModel(model, fields).map((field) => [field, all[field]]));
};

/** Whether a plan's teacher is frozen: its parameters are in the state. */
export const usesTeacher = (plan: StagePlan): plan is StagePlan & { stage: 2 } =>
  plan.stage === 2 && plan.teacher !== 'live' && featuresOf(lossTerms(plan)).has('divergence');

/** Names of the teacher's parameters a plan needs: the text encoder and the findings branch, or only the output layer. */
export function teacherParameters(model: Model, mode: TeacherMode): string[] {
  if (mode === 'live') return [];
  if (mode === 'cached') return ['decoder.embed.weight', 'decoder.head.bias'];
  return stage1Names(model);
}
