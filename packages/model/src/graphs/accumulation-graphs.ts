// Programs of a step over several micro-batches: features and losses that compare the whole batch, gradients that add up, and the update.
import type { AdamWOptions } from '@hybridmed/nn';
import { lossScaleSpecs, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import { composeLosses, weightedSum } from '../objective/compose.ts';
import { fieldsOfFeatures } from '../objective/feature-fields.ts';
import { modelFeatures } from '../objective/features.ts';
import { featuresOf, fieldsOf, parametersRead, termsOfScope } from '../objective/terms.ts';
import { gradientsOf, objectiveState, optimize, optimizerData, scalar, trainedSpecs } from './optimizer-step.ts';
import { momentSpecs } from './part-specs.ts';
import type { StagePlan } from './stage-plan.ts';
import { gradientPrefix, optionsOf, specsOf, termFields } from './stage-plan.ts';
import { extraSpecs, lossesOf, optimized } from './traced-stage.ts';

/** Prefix of the gradients that the losses over the whole batch have with respect to their features and parameters: data of a micro-batch's program. */
export const contrastPrefix = 'contrast.';

/** What the losses over a whole batch read: specs of their features, in the order in which they are made, and of their parameters. */
interface ContrastSpecs {
  readonly features: Readonly<Record<string, TensorSpec>>;
  readonly parameters: Readonly<Record<string, TensorSpec>>;
}

function contrastSpecs(model: Model, plan: StagePlan): ContrastSpecs {
  const terms = termsOfScope(plan, 'batch');
  if (terms.length === 0) return { features: {}, parameters: {} };
  const names = parametersRead(terms, model.parameters);
  return {
    features: Object.fromEntries(Object.entries(projectionGraph(model, plan).results).map(([name, { shape, dtype }]) => [name, { shape, dtype }])),
    parameters: parameterSpecs(Object.fromEntries(names.map((name) => [name, model.parameters[name]!]))),
  };
}

/** What has as its gradients the cached ones of the whole batch's losses: the sum of each value times its gradient. */
function surrogate(values: Readonly<Record<string, Tensor | undefined>>, cached: Tensors): Tensor {
  const terms = Object.entries(values).map(([name, value]) => {
    const product = ops.mul(value!, cached[contrastPrefix + name]!);
    return product.shape.length === 0 ? product : ops.sum(product);
  });
  return terms.reduce((sum, term) => ops.add(sum, term));
}

/**
 * One micro-batch of an accumulated step: adds its gradients to `grad.*` in the state. Token means divide by `token_count` and
 * study means by `study_count` of the whole batch. Losses that compare the whole batch enter through the cached gradients `contrast.NAME`
 * of their weighted sum with respect to the micro-batch's features and to their parameters (0 for all but one micro-batch). Results: the
 * other losses.
 */
export function accumulateGraph(model: Model, plan: StagePlan): Graph {
  const terms = termsOfScope(plan, 'study');
  const contrast = contrastSpecs(model, plan);
  const featureNames = [...featuresOf(termsOfScope(plan, 'batch'))];
  const fields = new Set([...termFields(plan, terms), ...fieldsOfFeatures(new Set(featureNames))]);
  const data = {
    ...specsOf(model, [...fields]),
    ...extraSpecs(model, plan),
    token_count: scalar,
    study_count: scalar,
    ...Object.fromEntries(Object.entries({ ...contrast.features, ...contrast.parameters }).map(([name, spec]) => [contrastPrefix + name, spec])),
  };
  const own = optimized(model, plan);
  return trace({ data, state: { ...objectiveState(own), ...trainedSpecs(own, gradientPrefix) } }, (inputs, state) => {
    const counts = { tokens: inputs.token_count!, studies: inputs.study_count! };
    const { losses, feature, updates } = lossesOf(model, plan, inputs, state, { terms, counts });
    const compared: Record<string, Tensor | undefined> = {
      ...Object.fromEntries(featureNames.map((name) => [name, feature(name)])),
      ...Object.fromEntries(Object.keys(contrast.parameters).map((name) => [name, state[name]])),
    };
    const parts = [...(featureNames.length > 0 ? [surrogate(compared, inputs)] : []), ...(terms.length > 0 ? [weightedSum(terms, losses)] : [])];
    const total = parts.reduce((sum, part) => ops.add(sum, part));
    const sums = Object.entries(gradientsOf(own, total, state)).map(([name, gradient]) => {
      const sum = gradientPrefix + name;
      return [sum, ops.add(state[sum]!, gradient)];
    });
    return { results: losses, updates: { ...updates, ...Object.fromEntries(sums) } };
  });
}

/** The update of an accumulated step: AdamW over `grad.*`, which are zeroed for the next one. Result: `gradient_norm`. */
export function applyGraph(model: Model, plan: StagePlan, optimizer: AdamWOptions = {}): Graph {
  const own = optimized(model, plan);
  const { parameters, trained, lossScale } = own;
  const specs = trainedSpecs(own);
  const state = { ...specs, ...trainedSpecs(own, gradientPrefix), ...momentSpecs(parameters, trained), ...(lossScale ? lossScaleSpecs() : {}) };
  return trace({ data: optimizerData, state }, (inputs, values) => {
    const gradients = Object.fromEntries(trained.map((name) => [name, values[gradientPrefix + name]!]));
    const { results, updates } = optimize(own, values, gradients, inputs, optimizer);
    const zeros = trained.map((name) => [gradientPrefix + name, ops.full(0, specs[name]!.shape)]);
    return { results, updates: { ...updates, ...Object.fromEntries(zeros) } };
  });
}

/** First pass of an accumulated step whose losses compare the whole batch: what they read of a micro-batch, in training mode, such as `imageVector` and `textVector` (B, d). */
export function projectionGraph(model: Model, plan: StagePlan): Graph {
  const names = featuresOf(termsOfScope(plan, 'batch'));
  const data = { ...specsOf(model, [...fieldsOfFeatures(names)]), key: { shape: [2], dtype: 'i32' } as const };
  return trace({ data, state: parameterSpecs(model.parameters) }, (inputs, state) => {
    const scope = rootScope(state, { training: true, key: { data: inputs.key!, stream: 1 }, specs: model.parameters });
    const batch = inputs as BatchTensors;
    const feature = modelFeatures({ model, scope, batch, teacher: { kind: 'live' }, temperature: 1 }, names);
    return { results: Object.fromEntries([...names].map((name) => [name, feature(name)!])) };
  });
}

/** The losses that compare a whole batch, from its features, and the gradients of their weighted sum: results by the losses' names, and `contrast.NAME` of each feature and parameter. */
export function contrastGraph(model: Model, plan: StagePlan): Graph {
  const terms = termsOfScope(plan, 'batch');
  const options = optionsOf(plan);
  const { features, parameters } = contrastSpecs(model, plan);
  return trace({ data: { ...features, ...specsOf(model, fieldsOf(terms, options)) }, state: parameters }, (inputs, state) => {
    const losses = composeLosses(terms, { feature: (name) => inputs[name]!, batch: inputs, parameters: state, options });
    const sources = [...Object.keys(features).map((name) => [name, inputs[name]!] as const), ...Object.entries(state)];
    const gradients = grad(
      weightedSum(terms, losses),
      sources.map(([, value]) => value),
    );
    return { results: { ...losses, ...Object.fromEntries(sources.map(([name], i) => [contrastPrefix + name, gradients[i]!])) } };
  });
}
