// Programs of pre-training over one batch: a whole step, its gradients, validation, and the frozen teacher.
import type { AdamWOptions } from '@hybridmed/nn';
import { lossScaleOf, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { stage1Names, trainable } from '../model/model.ts';
import type { BatchTensors } from '../model/batch-fields.ts';
import { weightedSum } from '../objective/compose.ts';
import { summarize } from '../objective/features.ts';
import { lossTerms } from '../objective/terms.ts';
import type { StagePlan } from './stage-plan.ts';
import { gradientPrefix, specsOf, stepFields, teacherPrefix } from './stage-plan.ts';
import { extraSpecs, gradientsOf, lossesOf, optimize, optimizerData, scaleResult, scaleSpecs, teacherSpecs } from './traced-stage.ts';
import { momentSpecs } from './part-specs.ts';

/** All losses of a plan over one batch, and their weighted sum. */
function planLosses(model: Model, plan: StagePlan, data: Tensors, state: Tensors, training = true) {
  const terms = lossTerms(plan);
  const { losses, updates } = lossesOf(model, plan, data, state, { terms, training });
  return { losses, updates, total: weightedSum(terms, losses) };
}

/**
 * One whole step: losses, gradients, clipping, AdamW, in one program. Data: the batch's fields, `key` (i32 [2]), `learning_rate`,
 * `step` (counted from 1) and, with a cached teacher, `teacher_hidden` (B, T, width). Results: each loss, `total`, `gradient_norm`, and
 * `loss_scale` where there is one: with it a step whose norm is not finite updates nothing but the scale.
 */
export function stepGraph(model: Model, plan: StagePlan, optimizer: AdamWOptions = {}): Graph {
  const data = { ...specsOf(model, stepFields(plan)), ...extraSpecs(model, plan), ...optimizerData };
  return trace(
    {
      data,
      state: {
        ...parameterSpecs(model.parameters),
        ...momentSpecs(model.parameters, trainable(model, plan.stage)),
        ...scaleSpecs(plan),
        ...teacherSpecs(model, plan),
      },
    },
    (inputs, state) => {
      const { losses, total, updates } = planLosses(model, plan, inputs, state);
      const stepped = optimize(model, plan, state, gradientsOf(model, plan, total, state), inputs, optimizer);
      return {
        results: { ...losses, total, gradient_norm: stepped.gradientNorm, ...scaleResult(plan, state) },
        updates: { ...updates, ...stepped.updates },
      };
    },
  );
}

/** Losses and every gradient (`grad.NAME`) of a batch, without an update: for checks. */
export function gradientGraph(model: Model, plan: StagePlan): Graph {
  const data = { ...specsOf(model, stepFields(plan)), ...extraSpecs(model, plan) };
  return trace({ data, state: { ...parameterSpecs(model.parameters), ...scaleSpecs(plan), ...teacherSpecs(model, plan) } }, (inputs, state) => {
    const { losses, total } = planLosses(model, plan, inputs, state);
    const unscaled = (value: Tensor) => (plan.lossScale ? ops.div(value, lossScaleOf(state)) : value);
    const gradients = Object.entries(gradientsOf(model, plan, total, state)).map(([name, value]) => [gradientPrefix + name, unscaled(value)]);
    return { results: { ...losses, total, ...Object.fromEntries(gradients) } };
  });
}

/** Losses of a batch in evaluation mode; with a live teacher, as validation uses. */
export function validationGraph(model: Model, plan: StagePlan): Graph {
  const fixed: StagePlan = plan.stage === 1 ? plan : { ...plan, teacher: 'live' };
  return trace({ data: specsOf(model, stepFields(fixed)), state: parameterSpecs(model.parameters) }, (inputs, state) => {
    const { losses, total } = planLosses(model, fixed, inputs, state, false);
    return { results: { ...losses, total } };
  });
}

/** The frozen teacher's final hidden states (B, T, width), from the parameters under `teacher.`: result `hidden`. */
export function teacherGraph(model: Model): Graph {
  const names = stage1Names(model);
  const state = parameterSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
  return trace({ data: specsOf(model, ['findings', 'findings_mask', 'input']), state }, (inputs, values) => ({
    results: { hidden: summarize(model, rootScope(values).child('teacher'), inputs as BatchTensors).hidden },
  }));
}
