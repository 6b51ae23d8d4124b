// What the programs of a stage have in common: traced losses and gradients in training mode, the optimizer, and the state that they read.
import type { AdamWOptions, Scope } from '@hybridmed/nn';
import { adamWStep, lossScaleOf, lossScaleSpecs, rootScope } from '@hybridmed/nn';
import type { Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, ops } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { parameterCeilings, trainable } from '../model/model.ts';
import type { Counts, GlobalTerm, Losses, Teacher } from '../objective/losses.ts';
import { stage1Losses, stage2Losses, summarize } from '../objective/losses.ts';
import type { BatchTensors } from './batch.ts';
import { floatSpecs } from './parameter-specs.ts';
import type { StagePlan } from './stage-plan.ts';
import { teacherParameters, teacherPrefix, usesTeacher } from './stage-plan.ts';

/** Spec of a scalar. */
export const scalar: TensorSpec = { shape: [], dtype: 'f32' };

/** Specs of the frozen teacher's parameters that a plan reads. */
export function teacherSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  if (!usesTeacher(plan)) return {};
  const names = teacherParameters(model, plan.teacher);
  return floatSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
}

function teacherOf(model: Model, plan: StagePlan & { stage: 2 }, data: Tensors, state: Tensors): Teacher {
  if (!usesTeacher(plan)) return { kind: 'live' };
  const frozen = rootScope(state).child('teacher');
  const hidden = plan.teacher === 'cached' ? data.teacher_hidden! : summarize(model, frozen, data as BatchTensors).head.hidden;
  return { kind: 'frozen', head: model.decoder.head(frozen.child('decoder'), hidden) };
}

/** The data a step needs beside the batch: precomputed teacher states, the dropout key. */
export function extraSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  const cached: Record<string, TensorSpec> =
    usesTeacher(plan) && plan.teacher === 'cached' ? { teacher_hidden: { shape: ['B', 'T', model.decoder.config.width], dtype: 'f32' } } : {};
  return { ...cached, key: { shape: [2], dtype: 'i32' } };
}

/** Losses, and updates of buffers. */
interface Traced {
  losses: Losses;
  updates: Record<string, Tensor>;
}

/** Losses of one (micro-)batch in training mode, with buffer updates. */
export function lossesOf(model: Model, plan: StagePlan, data: Tensors, state: Tensors, term?: GlobalTerm, counts?: Counts): Traced {
  const updates: Record<string, Tensor> = {};
  const { remat = false } = plan;
  const scope: Scope = rootScope(state, { training: true, updates, key: { data: data.key!, stream: 1 }, specs: model.parameters, remat });
  const batch = data as BatchTensors;
  const losses =
    plan.stage === 1 ? stage1Losses(model, scope, batch, counts) : stage2Losses(model, scope, batch, plan, teacherOf(model, plan, data, state), term, counts);
  return { losses, updates };
}

/** Gradients by name: of the loss, or of the loss times its scale. */
export function gradientsOf(model: Model, plan: StagePlan, losses: Losses, state: Tensors): Record<string, Tensor> {
  const names = trainable(model, plan.stage);
  const gradients = grad(
    plan.lossScale ? ops.mul(losses.total, lossScaleOf(state)) : losses.total,
    names.map((name) => state[name]!),
  );
  return Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
}

/** Spec of the loss scale, in mixed precision. */
export const scaleSpecs = ({ lossScale }: StagePlan): Record<string, TensorSpec> => (lossScale ? lossScaleSpecs() : {});

/** The scale that a step used, among its results. */
export const scaleResult = ({ lossScale }: StagePlan, state: Tensors): Record<string, Tensor> => (lossScale ? { loss_scale: lossScaleOf(state) } : {});

/** The data that the optimizer reads. */
export const optimizerData = { learning_rate: scalar, step: scalar };

/** AdamW on some parameters' gradients. */
export function optimize(model: Model, { lossScale = false }: StagePlan, state: Tensors, gradients: Tensors, data: Tensors, options: AdamWOptions) {
  const scalars = { learningRate: data.learning_rate!, step: data.step! };
  return adamWStep(model.parameters, state, gradients, scalars, { ceilings: parameterCeilings, ...options, lossScale });
}
