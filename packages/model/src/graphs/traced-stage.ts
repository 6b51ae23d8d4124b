// What the programs of a stage have in common: traced losses and gradients in training mode, the optimizer, and the state that they read.
import type { AdamWOptions, Scope } from '@hybridmed/nn';
import { adamWStep, lossScaleOf, lossScaleSpecs, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, ops } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { parameterCeilings, trainable } from '../model/model.ts';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Counts, Losses } from '../objective/compose.ts';
import { composeLosses } from '../objective/compose.ts';
import type { Teacher } from '../objective/features.ts';
import { modelFeatures, summarize } from '../objective/features.ts';
import type { FeatureReader } from '../objective/row.ts';
import type { LossTerm } from '../objective/terms.ts';
import { featuresOf } from '../objective/terms.ts';
import type { StagePlan } from './stage-plan.ts';
import { optionsOf, teacherParameters, teacherPrefix, usesTeacher } from './stage-plan.ts';

/** Spec of a scalar. */
export const scalar: TensorSpec = { shape: [], dtype: 'f32' };

/** Specs of the frozen teacher's parameters that a plan reads. */
export function teacherSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  if (!usesTeacher(plan)) return {};
  const names = teacherParameters(model, plan.teacher);
  return parameterSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
}

function teacherOf(model: Model, plan: StagePlan, data: Tensors, state: Tensors): Teacher {
  if (!usesTeacher(plan)) return { kind: 'live' };
  const frozen = rootScope(state).child('teacher');
  const hidden = plan.teacher === 'cached' ? data.teacher_hidden! : summarize(model, frozen, data as BatchTensors).hidden;
  return { kind: 'frozen', head: model.decoder.head(frozen.child('decoder'), hidden) };
}

/** The data a step needs beside the batch: precomputed teacher states, the dropout key. */
export function extraSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  const cached: Record<string, TensorSpec> =
    usesTeacher(plan) && plan.teacher === 'cached' ? { teacher_hidden: { shape: ['B', 'T', model.decoder.config.width], dtype: 'f32' } } : {};
  return { ...cached, key: { shape: [2], dtype: 'i32' } };
}

/** Losses of some terms, the features they are made of, and updates of buffers. */
interface Traced {
  readonly losses: Losses;
  readonly feature: FeatureReader;
  readonly updates: Record<string, Tensor>;
}

/** Which losses of a batch are traced, what they are divided by where the batch is a part of one, and the mode: training, or evaluation with a live teacher. */
export interface TracedTerms {
  readonly terms: readonly LossTerm[];
  readonly counts?: Counts;
  readonly training?: boolean;
}

/** Losses of one batch. */
export function lossesOf(model: Model, plan: StagePlan, data: Tensors, state: Tensors, { terms, counts, training = true }: TracedTerms): Traced {
  const updates: Record<string, Tensor> = {};
  const scope: Scope = training
    ? rootScope(state, { training, updates, key: { data: data.key!, stream: 1 }, specs: model.parameters, remat: plan.remat ?? false })
    : rootScope(state);
  const batch = data as BatchTensors;
  const options = optionsOf(plan);
  const teacher: Teacher = training ? teacherOf(model, plan, data, state) : { kind: 'live' };
  const feature = modelFeatures({ model, scope, batch, teacher, temperature: options.temperature }, featuresOf(terms));
  return { losses: composeLosses(terms, { feature, batch, parameters: state, options }, counts), feature, updates };
}

/** Gradients of a loss by name: of the loss, or of the loss times its scale. */
export function gradientsOf(model: Model, plan: StagePlan, total: Tensor, state: Tensors): Record<string, Tensor> {
  const names = trainable(model, plan.stage);
  const gradients = grad(
    plan.lossScale ? ops.mul(total, lossScaleOf(state)) : total,
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
