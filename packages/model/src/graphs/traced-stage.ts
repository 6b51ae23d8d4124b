// What the programs of a stage have in common: traced losses and gradients in training mode, the optimizer, and the state that they read.
import type { Scope } from '@hybridmed/nn';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { parameterCeilings, trainable } from '../model/model.ts';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Counts, Losses } from '../objective/compose.ts';
import { composeLosses, weightedSum } from '../objective/compose.ts';
import type { Teacher } from '../objective/features.ts';
import { modelFeatures, summarize } from '../objective/features.ts';
import type { FeatureReader } from '../objective/row.ts';
import type { LossTerm, StageWeights } from '../objective/terms.ts';
import { featuresOf, lossTerms } from '../objective/terms.ts';
import type { Objective, Optimized, TracedLosses } from './optimizer-step.ts';
import type { StagePlan } from './stage-plan.ts';
import { optionsOf, specsOf, stepFields, teacherParameters, teacherPrefix, usesTeacher } from './stage-plan.ts';

/** Specs of the frozen teacher's parameters that a plan reads. */
export function teacherSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  if (!usesTeacher(plan)) return {};
  const names = teacherParameters(model, plan.teacher);
  return parameterSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
}

function teacherOf(model: Model, plan: StagePlan, data: Tensors, state: Tensors): Teacher {
  if (!usesTeacher(plan)) return { kind: 'live' };
  const frozen = rootScope(state).child('teacher');
  if (plan.teacher !== 'cached') return { kind: 'frozen', head: summarize(model, frozen, data as BatchTensors) };
  if (model.decoder.copies('findings')) throw new HybridmedError('what a teacher copies is not kept beside its hidden states; plan with teacher "snapshot"');
  return { kind: 'frozen', head: model.decoder.head(frozen.child('decoder'), data.teacher_hidden!) };
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

/** Names of what a plan's step trains. */
export const trainedBy = (model: Pick<Model, 'parameters'>, plan: StageWeights): string[] =>
  trainable(model, plan.stage, plan.stage === 2 ? plan.weights : undefined);

/** What of a stage the optimizer knows. */
export const optimized = (model: Model, plan: StagePlan): Optimized => ({
  parameters: model.parameters,
  trained: trainedBy(model, plan),
  state: teacherSpecs(model, plan),
  lossScale: plan.lossScale,
  ceilings: parameterCeilings,
});

/** All losses of a plan over one batch, and their weighted sum. */
export function planLosses(model: Model, plan: StagePlan, data: Tensors, state: Tensors, training = true): TracedLosses {
  const terms = lossTerms(plan);
  const { losses, updates } = lossesOf(model, plan, data, state, { terms, training });
  return { losses, updates, total: weightedSum(terms, losses) };
}

/** A stage of pre-training as what a step lowers. */
export const stageObjective = (model: Model, plan: StagePlan): Objective => ({
  ...optimized(model, plan),
  data: { ...specsOf(model, stepFields(plan, model)), ...extraSpecs(model, plan) },
  losses: (data, state) => planLosses(model, plan, data, state),
});
