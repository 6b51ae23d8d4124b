// One optimizer step of anything that has a loss, a stage of pre-training or a head: gradients, clipping and AdamW appended to its trace.
import type { AdamWOptions, ParameterSpecs } from '@hybridmed/nn';
import { adamWStep, lossScaleOf, lossScaleSpecs, parameterSpecs } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import { momentSpecs } from './part-specs.ts';

/** Losses of a batch by name, what is lowered, and new values of buffers. */
export interface TracedLosses {
  readonly losses: Tensors;
  readonly total: Tensor;
  readonly updates: Tensors;
}

/** What a step lowers, and by which parameters. */
export interface Objective {
  /** All parameters that it reads, and the names of those that are trained. */
  readonly parameters: ParameterSpecs;
  readonly trained: readonly string[];
  /** A batch's arrays, and the dropout key. */
  readonly data: Readonly<Record<string, TensorSpec>>;
  /** State that it reads beside parameters. */
  readonly state?: Readonly<Record<string, TensorSpec>>;
  /** Whether gradients are taken of the loss times a scale that is kept in the state, as mixed precision needs. */
  readonly lossScale?: boolean | undefined;
  /** Upper bounds of parameters after each update. */
  readonly ceilings?: Readonly<Record<string, number>>;
  losses(data: Tensors, state: Tensors): TracedLosses;
}

/** What of an objective the optimizer knows. */
export type Optimized = Omit<Objective, 'data' | 'losses'>;

/** Spec of a scalar. */
export const scalar: TensorSpec = { shape: [], dtype: 'f32' };

/** The data that the optimizer reads: the learning rate, and the step's number, counted from 1. */
export const optimizerData = { learning_rate: scalar, step: scalar };

/** Specs of what is trained. */
export const trainedSpecs = ({ parameters, trained }: Optimized, prefix = ''): Record<string, TensorSpec> =>
  parameterSpecs(Object.fromEntries(trained.map((name) => [name, parameters[name]!])), prefix);

/** State that every program of an objective's losses reads. */
export const objectiveState = ({ parameters, state = {}, lossScale }: Optimized): Record<string, TensorSpec> => ({
  ...parameterSpecs(parameters),
  ...(lossScale ? lossScaleSpecs() : {}),
  ...state,
});

/** Gradients of what is trained, by name: of the loss, or of the loss times its scale. */
export function gradientsOf({ trained, lossScale }: Optimized, total: Tensor, state: Tensors): Record<string, Tensor> {
  const gradients = grad(
    lossScale ? ops.mul(total, lossScaleOf(state)) : total,
    trained.map((name) => state[name]!),
  );
  return Object.fromEntries(trained.map((name, i) => [name, gradients[i]!]));
}

/** AdamW on gradients by name: results `gradient_norm` and, where there is one, `loss_scale`, and the updates of the state. */
export function optimize(
  { parameters, lossScale = false, ceilings = {} }: Optimized,
  state: Tensors,
  gradients: Tensors,
  data: Tensors,
  options: AdamWOptions,
) {
  const scalars = { learningRate: data.learning_rate!, step: data.step! };
  const { updates, gradientNorm } = adamWStep(parameters, state, gradients, scalars, { ceilings, ...options, lossScale });
  return { results: { gradient_norm: gradientNorm, ...(lossScale ? { loss_scale: lossScaleOf(state) } : {}) }, updates };
}

/**
 * One whole step: losses, gradients, clipping, AdamW, in one program. Data: the objective's, `learning_rate` and `step` (counted from 1).
 * Results: each loss, `total`, `gradient_norm`, and `loss_scale` where there is one: with it a step whose norm is not finite updates nothing
 * but the scale.
 */
export function optimizerStepGraph(objective: Objective, optimizer: AdamWOptions = {}): Graph {
  const state = { ...objectiveState(objective), ...momentSpecs(objective.parameters, objective.trained) };
  return trace({ data: { ...objective.data, ...optimizerData }, state }, (inputs, values) => {
    const { losses, total, updates } = objective.losses(inputs, values);
    const stepped = optimize(objective, values, gradientsOf(objective, total, values), inputs, optimizer);
    return { results: { ...losses, total, ...stepped.results }, updates: { ...updates, ...stepped.updates } };
  });
}
