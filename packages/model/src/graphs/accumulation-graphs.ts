// Programs of a step over several micro-batches: projections and the contrast of the whole batch, gradients that add up, and the update.
import { globalContrast } from '@hybridmed/align';
import type { AdamWOptions } from '@hybridmed/nn';
import { rootScope } from '@hybridmed/nn';
import type { Graph, TensorSpec } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { trainable } from '../model/model.ts';
import type { GlobalTerm } from '../objective/losses.ts';
import { globalProjections, lossResults } from '../objective/losses.ts';
import type { BatchTensors } from './batch.ts';
import { floatSpecs, momentSpecs } from './parameter-specs.ts';
import type { StagePlan } from './stage-plan.ts';
import { gradientPrefix, specsOf, stepFields } from './stage-plan.ts';
import { extraSpecs, gradientsOf, lossesOf, optimize, optimizerData, scalar, scaleResult, scaleSpecs, teacherSpecs } from './traced-stage.ts';

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
  const accumulated = floatSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), gradientPrefix);
  return trace({ data, state: { ...floatSpecs(model.parameters), ...accumulated, ...scaleSpecs(plan), ...teacherSpecs(model, plan) } }, (inputs, state) => {
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
    {
      data: optimizerData,
      state: {
        ...floatSpecs(parameters),
        ...floatSpecs(parameters, gradientPrefix),
        ...momentSpecs(model.parameters, trainable(model, plan.stage)),
        ...scaleSpecs(plan),
      },
    },
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
  return trace({ data, state: floatSpecs(model.parameters) }, (inputs, state) => ({
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
    { data: { image: vectors, text: vectors, ...groups }, state: { 'align.logit_scale': floatSpecs(model.parameters)['align.logit_scale']! } },
    (inputs, state) => {
      const logScale = state['align.logit_scale']!;
      const cg = globalContrast({ image: inputs.image!, text: inputs.text!, logScale, ...(inputs.groups ? { groups: inputs.groups } : {}) });
      const [image, text, scale] = grad(cg, [inputs.image!, inputs.text!, logScale]);
      return { results: { cg, cg_image: image!, cg_text: text!, cg_scale: scale! } };
    },
  );
}
