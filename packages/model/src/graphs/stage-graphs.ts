// The programs of pre-training as graphs: a whole step, its parts for accumulated batches, validation, and the frozen teacher.
import { globalContrast } from '@hybridmed/align';
import type { AdamWOptions, ParameterSpecs, Scope } from '@hybridmed/nn';
import { adamWStep, lossScaleOf, lossScaleSpecs, momentNames, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { parameterCeilings, stage1Names, trainable } from '../model/model.ts';
import type { Counts, GlobalTerm, Losses, Stage2Options, Teacher } from '../objective/losses.ts';
import { globalProjections, lossResults, stage1Losses, stage2Losses, summarize } from '../objective/losses.ts';
import type { BatchField, BatchTensors } from './batch.ts';
import { batchSpecs } from './batch.ts';

/** How stage 2's teacher is run: the frozen copy inside the step (`snapshot`), its kept hidden states (`cached`), or the live branch. */
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

const scalar: TensorSpec = { shape: [], dtype: 'f32' };
const stage1Fields: readonly BatchField[] = ['findings', 'findings_mask', 'input', 'target', 'target_mask'];

/** Batch fields a step reads, in a fixed order. */
export function stepFields(plan: StagePlan): BatchField[] {
  if (plan.stage === 1) return [...stage1Fields];
  const contrast: BatchField[] =
    plan.weights.cg === 0 ? [] : ['impression', 'impression_mask', ...(plan.duplicates === 'positives' ? (['groups'] as const) : [])];
  return ['image', ...stage1Fields, ...contrast];
}

const specsOf = (model: Model, fields: readonly BatchField[]): Record<string, TensorSpec> => {
  const all = batchSpecs(model);
  return Object.fromEntries(fields.map((field) => [field, all[field]]));
};

const floats = (parameters: ParameterSpecs, prefix = ''): Record<string, TensorSpec> =>
  Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [prefix + name, { shape, dtype: 'f32' }]));

const usesTeacher = (plan: StagePlan): plan is StagePlan & { stage: 2 } => plan.stage === 2 && plan.weights.dis !== 0 && plan.teacher !== 'live';

/** Names of the teacher's parameters a plan needs: the text encoder and the findings branch, or only the output layer. */
export function teacherParameters(model: Model, mode: TeacherMode): string[] {
  if (mode === 'live') return [];
  if (mode === 'cached') return ['decoder.embed.weight', 'decoder.head.bias'];
  return stage1Names(model);
}

function teacherSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  if (!usesTeacher(plan)) return {};
  const names = teacherParameters(model, plan.teacher);
  return floats(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
}

function teacherOf(model: Model, plan: StagePlan & { stage: 2 }, data: Tensors, state: Tensors): Teacher {
  if (!usesTeacher(plan)) return { kind: 'live' };
  const frozen = rootScope(state).child('teacher');
  const hidden = plan.teacher === 'cached' ? data.teacher_hidden! : summarize(model, frozen, data as BatchTensors).head.hidden;
  return { kind: 'frozen', head: model.decoder.head(frozen.child('decoder'), hidden) };
}

/** The data a step needs beside the batch: kept teacher states, the dropout key. */
function extraSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  const cached: Record<string, TensorSpec> =
    usesTeacher(plan) && plan.teacher === 'cached' ? { teacher_hidden: { shape: ['B', 'T', model.decoder.config.width], dtype: 'f32' } } : {};
  return { ...cached, key: { shape: [2], dtype: 'i32' } };
}

interface Traced {
  losses: Losses;
  updates: Record<string, Tensor>;
}

/** Losses of one (micro-)batch in training mode, with buffer updates. */
function lossesOf(model: Model, plan: StagePlan, data: Tensors, state: Tensors, term?: GlobalTerm, counts?: Counts): Traced {
  const updates: Record<string, Tensor> = {};
  const { remat = false } = plan;
  const scope: Scope = rootScope(state, { training: true, updates, key: { data: data.key!, stream: 1 }, specs: model.parameters, remat });
  const batch = data as BatchTensors;
  const losses =
    plan.stage === 1 ? stage1Losses(model, scope, batch, counts) : stage2Losses(model, scope, batch, plan, teacherOf(model, plan, data, state), term, counts);
  return { losses, updates };
}

/** Gradients by name: of the loss, or of the loss times its scale. */
function gradientsOf(model: Model, plan: StagePlan, losses: Losses, state: Tensors): Record<string, Tensor> {
  const names = trainable(model, plan.stage);
  const gradients = grad(
    plan.lossScale ? ops.mul(losses.total, lossScaleOf(state)) : losses.total,
    names.map((name) => state[name]!),
  );
  return Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
}

function momentSpecs(model: Model, plan: StagePlan): Record<string, TensorSpec> {
  return Object.fromEntries(
    trainable(model, plan.stage).flatMap((name) =>
      momentNames(name).map((moment) => [moment, { shape: model.parameters[name]!.shape, dtype: 'f32' as const }]),
    ),
  );
}

const scaleSpecs = ({ lossScale }: StagePlan): Record<string, TensorSpec> => (lossScale ? lossScaleSpecs() : {});

/** The scale that a step used, among its results. */
const scaleResult = ({ lossScale }: StagePlan, state: Tensors): Record<string, Tensor> => (lossScale ? { loss_scale: lossScaleOf(state) } : {});

const optimizerData = { learning_rate: scalar, step: scalar };

function optimize(model: Model, { lossScale = false }: StagePlan, state: Tensors, gradients: Tensors, data: Tensors, options: AdamWOptions) {
  const scalars = { learningRate: data.learning_rate!, step: data.step! };
  return adamWStep(model.parameters, state, gradients, scalars, { ceilings: parameterCeilings, ...options, lossScale });
}

/**
 * One whole step: losses, gradients, clipping, AdamW, in one program. Data: the batch's fields, `key` (i32 [2]), `learning_rate`,
 * `step` (counted from 1) and, with a cached teacher, `teacher_hidden` (B, T, width). Results: each loss, `total`, `gradient_norm`, and
 * `loss_scale` where there is one: with it a step whose norm is not finite updates nothing but the scale.
 */
export function stepGraph(model: Model, plan: StagePlan, optimizer: AdamWOptions = {}): Graph {
  const data = { ...specsOf(model, stepFields(plan)), ...extraSpecs(model, plan), ...optimizerData };
  return trace(
    { data, state: { ...floats(model.parameters), ...momentSpecs(model, plan), ...scaleSpecs(plan), ...teacherSpecs(model, plan) } },
    (inputs, state) => {
      const { losses, updates } = lossesOf(model, plan, inputs, state);
      const stepped = optimize(model, plan, state, gradientsOf(model, plan, losses, state), inputs, optimizer);
      return {
        results: { ...lossResults(losses), gradient_norm: stepped.gradientNorm, ...scaleResult(plan, state) },
        updates: { ...updates, ...stepped.updates },
      };
    },
  );
}

/** Losses and every gradient (`grad.NAME`) of a batch, without an update: for checks. */
export function gradientGraph(model: Model, plan: StagePlan): Graph {
  const data = { ...specsOf(model, stepFields(plan)), ...extraSpecs(model, plan) };
  return trace({ data, state: { ...floats(model.parameters), ...scaleSpecs(plan), ...teacherSpecs(model, plan) } }, (inputs, state) => {
    const { losses } = lossesOf(model, plan, inputs, state);
    const unscaled = (value: Tensor) => (plan.lossScale ? ops.div(value, lossScaleOf(state)) : value);
    const gradients = Object.entries(gradientsOf(model, plan, losses, state)).map(([name, value]) => [gradientPrefix + name, unscaled(value)]);
    return { results: { ...lossResults(losses), ...Object.fromEntries(gradients) } };
  });
}

/**
 * One micro-batch of an accumulated step: adds its gradients to `grad.*` in the state. Token means divide by `token_count` and
 * study means by `study_count` of the whole batch. The global loss enters through the cached gradients `cg_image`, `cg_text`
 * (B, d) and `cg_scale` of the whole batch's loss (0 for all but one micro-batch); `total` then leaves L_CG's value to the caller.
 */
export function accumulateGraph(model: Model, plan: StagePlan, alignWidth: number): Graph {
  const contrast = plan.stage === 2 && plan.weights.cg !== 0;
  const vectors: TensorSpec = { shape: ['B', alignWidth], dtype: 'f32' };
  const data = {
    ...specsOf(
      model,
      stepFields(plan).filter((field) => field !== 'groups'),
    ),
    ...extraSpecs(model, plan),
    token_count: scalar,
    study_count: scalar,
    ...(contrast ? { cg_image: vectors, cg_text: vectors, cg_scale: scalar } : {}),
  };
  const names = trainable(model, plan.stage);
  const accumulated = Object.fromEntries(names.map((name) => [gradientPrefix + name, { shape: model.parameters[name]!.shape, dtype: 'f32' as const }]));
  return trace({ data, state: { ...floats(model.parameters), ...accumulated, ...scaleSpecs(plan), ...teacherSpecs(model, plan) } }, (inputs, state) => {
    const term: GlobalTerm = contrast ? { kind: 'cached', image: inputs.cg_image!, text: inputs.cg_text!, scale: inputs.cg_scale! } : { kind: 'batch' };
    const counts = { tokens: inputs.token_count!, studies: inputs.study_count! };
    const { losses, updates } = lossesOf(model, plan, inputs, state, term, counts);
    const gradients = gradientsOf(model, plan, losses, state);
    const sums = names.map((name) => [gradientPrefix + name, ops.add(state[gradientPrefix + name]!, gradients[name]!)]);
    const { cg: _surrogate, total: _total, ...shown } = lossResults(losses);
    return { results: shown, updates: { ...updates, ...Object.fromEntries(sums) } };
  });
}

/** The update of an accumulated step: AdamW over `grad.*`, which are zeroed for the next one. Result: `gradient_norm`. */
export function applyGraph(model: Model, plan: StagePlan, optimizer: AdamWOptions = {}): Graph {
  const names = trainable(model, plan.stage);
  const parameters = Object.fromEntries(names.map((name) => [name, model.parameters[name]!]));
  return trace(
    { data: optimizerData, state: { ...floats(parameters), ...floats(parameters, gradientPrefix), ...momentSpecs(model, plan), ...scaleSpecs(plan) } },
    (inputs, state) => {
      const gradients = Object.fromEntries(names.map((name) => [name, state[gradientPrefix + name]!]));
      const { updates, gradientNorm } = optimize(model, plan, state, gradients, inputs, optimizer);
      const zeros = names.map((name) => [gradientPrefix + name, ops.full(0, parameters[name]!.shape)]);
      return { results: { gradient_norm: gradientNorm, ...scaleResult(plan, state) }, updates: { ...updates, ...Object.fromEntries(zeros) } };
    },
  );
}

/** First pass of an accumulated contrastive step: projections `image` and `text` (B, d) of a micro-batch, in training mode. */
export function projectionGraph(model: Model): Graph {
  const data = { ...specsOf(model, ['image', 'impression', 'impression_mask']), key: { shape: [2], dtype: 'i32' } as const };
  return trace({ data, state: floats(model.parameters) }, (inputs, state) => ({
    results: globalProjections(
      model,
      rootScope(state, { training: true, key: { data: inputs.key!, stream: 1 }, specs: model.parameters }),
      inputs as BatchTensors,
    ),
  }));
}

/** L_CG of a whole batch's projections, and its gradients: results `cg`, `cg_image`, `cg_text` (B, d), `cg_scale`. */
export function contrastGraph(model: Model, alignWidth: number, duplicates: 'negatives' | 'positives'): Graph {
  const vectors: TensorSpec = { shape: ['B', alignWidth], dtype: 'f32' };
  const groups: Record<string, TensorSpec> = duplicates === 'positives' ? { groups: { shape: ['B'], dtype: 'i32' } } : {};
  return trace(
    { data: { image: vectors, text: vectors, ...groups }, state: { 'align.logit_scale': floats(model.parameters)['align.logit_scale']! } },
    (inputs, state) => {
      const logScale = state['align.logit_scale']!;
      const cg = globalContrast({ image: inputs.image!, text: inputs.text!, logScale, ...(inputs.groups ? { groups: inputs.groups } : {}) });
      const [image, text, scale] = grad(cg, [inputs.image!, inputs.text!, logScale]);
      return { results: { cg, cg_image: image!, cg_text: text!, cg_scale: scale! } };
    },
  );
}

/** Losses of a batch in evaluation mode; with a live teacher, as validation uses. */
export function validationGraph(model: Model, plan: StagePlan): Graph {
  const fixed: StagePlan = plan.stage === 1 ? plan : { ...plan, teacher: 'live' };
  return trace({ data: specsOf(model, stepFields(fixed)), state: floats(model.parameters) }, (inputs, state) => {
    const scope = rootScope(state);
    const batch = inputs as BatchTensors;
    const losses = fixed.stage === 1 ? stage1Losses(model, scope, batch) : stage2Losses(model, scope, batch, fixed, { kind: 'live' });
    return { results: lossResults(losses) };
  });
}

/** The frozen teacher's final hidden states (B, T, width), from the parameters under `teacher.`: result `hidden`. */
export function teacherGraph(model: Model): Graph {
  const names = stage1Names(model);
  const state = floats(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
  return trace({ data: specsOf(model, ['findings', 'findings_mask', 'input']), state }, (inputs, values) => ({
    results: { hidden: summarize(model, rootScope(values).child('teacher'), inputs as BatchTensors).head.hidden },
  }));
}
