// Which step of pre-training to build: the stage, its losses and its teacher, and the batch fields that follow from them.
import type { TensorSpec } from '@hybridmed/tensor';
import type { BatchField } from '../model/batch-fields.ts';
import { batchFields, isTextFeature } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import { takenFrom } from '../model/model.ts';
import { readsImages } from '../model/no-vision.ts';
import type { EarlierStage } from '../model/stages.ts';
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
  | { readonly stage: EarlierStage }
  | ({ readonly stage: 2; readonly teacher: TeacherMode; readonly weights: LossWeights } & LossOptions)
);

/** Prefix of the frozen teacher's parameters in the state. */
export const teacherPrefix = 'teacher.';

/** Prefix of accumulated gradients in the state. */
export const gradientPrefix = 'grad.';

/** What losses read of a plan; the stages before the last have none of their own. */
export const optionsOf = (plan: StagePlan): LossOptions => (plan.stage === 2 ? plan : { temperature: 1, tau: 0.1, duplicates: 'negatives' });

/** Batch fields that some losses of a plan read, in the batch's order. */
export function termFields(plan: StagePlan, terms: readonly LossTerm[]): BatchField[] {
  const ofTokens = terms.some(({ row }) => row.unit === 'token') ? ['target_mask' as const] : [];
  const teacherStates = plan.stage === 2 && plan.teacher === 'cached';
  const fields = new Set<BatchField>([...fieldsOfFeatures(featuresOf(terms), { teacherStates }), ...ofTokens, ...fieldsOf(terms, optionsOf(plan))]);
  return batchFields.filter((field) => fields.has(field));
}

/** The part of a model that says which fields of a batch it reads. */
type Reader = Pick<Model, 'vision' | 'textFront'>;

const isRead = (field: BatchField, model: Reader): boolean => {
  if (field === 'image') return readsImages(model);
  return isTextFeature(field) ? model.textFront !== undefined : true;
};

const ofModel = (model: Reader, fields: readonly BatchField[]): BatchField[] => fields.filter((field) => isRead(field, model));

/** Batch fields a model's step reads, in the batch's order. */
export const stepFields = (plan: StagePlan, model: Reader): BatchField[] => ofModel(model, termFields(plan, lossTerms(plan)));

/** The plan whose losses validation computes: its teacher is the live branch. */
export const validationPlan = (plan: StagePlan): StagePlan => (plan.stage === 2 ? { ...plan, teacher: 'live' } : plan);

/** Symbolic shapes of those of some fields of a batch that a model reads. */
export const specsOf = (model: Model, fields: readonly BatchField[]): Record<string, TensorSpec> => {
  const all = batchSpecs(model);
  return Object.fromEntries(ofModel(model, fields).map((field) => [field, all[field]!]));
};

/** Whether a plan's teacher is frozen: its parameters are in the state. */
export const usesTeacher = (plan: StagePlan): plan is StagePlan & { stage: 2 } =>
  plan.stage === 2 && plan.teacher !== 'live' && featuresOf(lossTerms(plan)).has('divergence');

/** Names of the teacher's parameters a plan needs: the text encoder, but for a frozen front of it, and the findings branch, or only the output layer. */
export function teacherParameters(model: Model, mode: TeacherMode): string[] {
  if (mode === 'live') return [];
  if (mode === 'cached') return ['decoder.embed.weight', 'decoder.head.bias'];
  return takenFrom(model, 1).filter((name) => !model.textFront?.parameters.has(name));
}
