// Which step of pre-training to build: the stage, its losses and its teacher, and the batch fields that follow from them.
import type { TensorSpec } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { stage1Names } from '../model/model.ts';
import type { Stage2Options } from '../objective/losses.ts';
import type { BatchField } from './batch.ts';
import { batchSpecs } from './batch.ts';

/** How stage 2's teacher is run: the frozen copy inside the step (`snapshot`), its precomputed hidden states (`cached`), or the live branch. */
export type TeacherMode = 'snapshot' | 'cached' | 'live';

/**
 * Which step to build. With `remat`, each layer's inner values are computed again for the backward pass instead of being kept. With
 * `lossScale`, gradients are taken of the loss times a scale that is kept in the state (`startLossScale`), as mixed precision needs.
 */
export type StagePlan = { readonly remat?: boolean; readonly lossScale?: boolean } & (
  | { readonly stage: 1 }
  | ({ readonly stage: 2; readonly teacher: TeacherMode } & Stage2Options)
);

/** Prefix of the frozen teacher's parameters in the state. */
export const teacherPrefix = 'teacher.';

/** Prefix of accumulated gradients in the state. */
export const gradientPrefix = 'grad.';

const stage1Fields: readonly BatchField[] = ['findings', 'findings_mask', 'input', 'target', 'target_mask'];

/** Batch fields a step reads, in a fixed order. */
export function stepFields(plan: StagePlan): BatchField[] {
  if (plan.stage === 1) return [...stage1Fields];
  const contrast: BatchField[] =
    plan.weights.cg === 0 ? [] : ['impression', 'impression_mask', ...(plan.duplicates === 'positives' ? (['groups'] as const) : [])];
  return ['image', ...stage1Fields, ...contrast];
}

/** Symbolic shapes of some fields of a batch. */
export const specsOf = (model: Model, fields: readonly BatchField[]): Record<string, TensorSpec> => {
  const all = batchSpecs(model);
  return Object.fromEntries(fields.map((field) => [field, all[field]]));
};

/** Whether a plan's teacher is frozen: its parameters are in the state. */
export const usesTeacher = (plan: StagePlan): plan is StagePlan & { stage: 2 } => plan.stage === 2 && plan.weights.dis !== 0 && plan.teacher !== 'live';

/** Names of the teacher's parameters a plan needs: the text encoder and the findings branch, or only the output layer. */
export function teacherParameters(model: Model, mode: TeacherMode): string[] {
  if (mode === 'live') return [];
  if (mode === 'cached') return ['decoder.embed.weight', 'decoder.head.bias'];
  return stage1Names(model);
}
