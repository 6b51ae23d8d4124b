// Programs of pre-training over one batch: a whole step, its gradients, validation, and the frozen teacher.
import type { AdamWOptions } from '@hybridmed/nn';
import { lossScaleOf, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import type { BatchTensors } from '../model/batch-fields.ts';
import { summarize } from '../objective/features.ts';
import { gradientsOf, objectiveState, optimizerStepGraph } from './optimizer-step.ts';
import type { StagePlan } from './stage-plan.ts';
import { gradientPrefix, specsOf, stepFields, teacherParameters, teacherPrefix, validationPlan } from './stage-plan.ts';
import { planLosses, stageObjective } from './traced-stage.ts';

/** One whole step of a stage: `optimizerStepGraph` over the batch's fields, `key` (i32 [2]) and, with a cached teacher, `teacher_hidden` (B, T, width). */
export const stepGraph = (model: Model, plan: StagePlan, optimizer: AdamWOptions = {}): Graph => optimizerStepGraph(stageObjective(model, plan), optimizer);

/** Losses and every gradient (`grad.NAME`) of a batch, without an update: for checks. */
export function gradientGraph(model: Model, plan: StagePlan): Graph {
  const objective = stageObjective(model, plan);
  return trace({ data: objective.data, state: objectiveState(objective) }, (inputs, state) => {
    const { losses, total } = objective.losses(inputs, state);
    const unscaled = (value: Tensor) => (plan.lossScale ? ops.div(value, lossScaleOf(state)) : value);
    const gradients = Object.entries(gradientsOf(objective, total, state)).map(([name, value]) => [gradientPrefix + name, unscaled(value)]);
    return { results: { ...losses, total, ...Object.fromEntries(gradients) } };
  });
}

/** Losses of a batch in evaluation mode; with a live teacher, as validation uses. */
export function validationGraph(model: Model, plan: StagePlan): Graph {
  const fixed = validationPlan(plan);
  return trace({ data: specsOf(model, stepFields(fixed, model)), state: parameterSpecs(model.parameters) }, (inputs, state) => {
    const { losses, total } = planLosses(model, fixed, inputs, state, false);
    return { results: { ...losses, total } };
  });
}

/** The frozen teacher's final hidden states (B, T, width), from the parameters under `teacher.`: result `hidden`. */
export function teacherGraph(model: Model): Graph {
  const names = teacherParameters(model, 'snapshot');
  const state = parameterSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!])), teacherPrefix);
  return trace({ data: specsOf(model, ['findings', 'findings_mask', 'findings_features', 'input']), state }, (inputs, values) => ({
    results: { hidden: summarize(model, rootScope(values).child('teacher'), inputs as BatchTensors).hidden },
  }));
}
