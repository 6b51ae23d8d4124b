// Fitting a part of a model to a task of its own: AdamW steps, validation in rounds, early stop; the best round's parameters win.
import type { Objective } from '@hybridmed/model/graphs';
import { optimizerStepGraph } from '@hybridmed/model/graphs';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { rootScope, trainedNames } from '@hybridmed/nn';
import type { Device, DeviceState, HostArray, HostArrays, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { notFiniteEntry, notFiniteResult } from './trainer/finite.ts';
import type { Progress } from './trainer/loop.ts';
import { judged, train } from './trainer/loop.ts';
import { compileStep, startMoments } from './trainer/whole-step.ts';

/** What to fit: parameters by name, what a batch holds, and its loss, an f32 scalar. */
export interface Task {
  readonly parameters: ParameterSpecs;
  readonly data: Readonly<Record<string, TensorSpec>>;
  loss(scope: Scope, data: Tensors): Tensor;
}

/** Options of fitting. */
export interface FitOptions {
  readonly device: Device;
  readonly task: Task;
  /** Start values of every parameter. */
  readonly start: HostArrays;
  /** Batches of an epoch; every epoch has the same number of steps. */
  batches(epoch: number): AsyncIterable<HostArrays> | Iterable<HostArrays>;
  readonly stepsPerEpoch: number;
  /** Max number of steps. */
  readonly steps: number;
  /** Steps between validations. */
  readonly round: number;
  /** Rounds without improvement after which fitting ends; 0 for never. */
  readonly patience: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly seed: number;
  /** The figure to maximize, on validation data. */
  validate(state: DeviceState): Promise<number>;
  readonly onRound?:
    | ((round: { readonly step: number; readonly steps: number; readonly loss: number; readonly validation: number; readonly best: boolean }) => void)
    | undefined;
}

/** The best round of a fit. */
export interface Fitted {
  /** Parameters of the best round. */
  readonly parameters: Record<string, HostArray>;
  readonly validation: number;
  readonly bestStep: number;
  readonly steps: number;
}

/** A task as what a step lowers: the batch's fields and the dropout key in; its loss alone. */
const objectiveOf = ({ parameters, data, loss }: Task, lossScale: boolean): Objective => ({
  parameters,
  trained: trainedNames(parameters),
  data: { ...data, key: { shape: [2], dtype: 'i32' } },
  lossScale,
  losses(inputs, state) {
    const updates: Record<string, Tensor> = {};
    const scope = rootScope(state, { training: true, updates, key: { data: inputs['key']!, stream: 1 }, specs: parameters });
    return { losses: {}, total: loss(scope, inputs), updates };
  },
});

/** The parameters after a step. Throws one line where one is no number. */
async function finiteParameters(state: DeviceState, names: readonly string[], step: number): Promise<Record<string, HostArray>> {
  const parameters = await state.read(names);
  const notFinite = notFiniteEntry(parameters);
  if (notFinite) throw new HybridmedError(`step ${step}: the parameter "${notFinite[0]}" has become ${notFinite[1]}; lower --learning-rate`);
  return { ...parameters };
}

const begin: Progress = { epoch: 0, stepInEpoch: 0, step: 0, best: null, epochsSinceBest: 0 };

/**
 * Fits a task by the step and the loop of pre-training: AdamW, linear warm-up over 10 % of the steps and a cosine to 0, a validation after
 * each round. The best round's parameters win; of equals, the earlier. Throws one line where the loss stops being a number.
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const { device, task, start, stepsPerEpoch, steps, round, patience, learningRate: peak, weightDecay = 0.05, seed, validate, onRound } = options;
  const names = Object.keys(task.parameters);
  const lossScale = device.info.precision === 'mixed';
  const objective = objectiveOf(task, lossScale);
  const state = device.createState({
    ...Object.fromEntries(names.map((name) => [name, start[name]!])),
    ...startMoments(task.parameters, objective.trained, lossScale),
  });
  const stepper = await compileStep(device, state, optimizerStepGraph(objective, { weightDecay }), seed);
  let best: Omit<Fitted, 'steps'> | undefined;
  let losses: number[] = [];
  const step = async (batch: HostArrays, now: Progress, learningRate: number): Promise<Progress> => {
    const result = await stepper(batch, { step: now.step, learningRate });
    const [name, value] = notFiniteResult(result) ?? [];
    if (name !== undefined) throw new HybridmedError(`step ${now.step + 1}: the ${name === 'total' ? 'loss' : name} is ${value}; lower --learning-rate`);
    losses.push(result.losses.total);
    return { ...now, step: now.step + 1, stepInEpoch: now.stepInEpoch + 1 };
  };
  const endRound = async (now: Progress): Promise<Progress> => {
    const validation = await validate(state);
    // The loop looks for the lowest value, a task for the highest figure.
    const { next, better } = judged(now, -validation);
    if (better) best = { parameters: await finiteParameters(state, names, now.step), validation, bestStep: now.step };
    onRound?.({ step: now.step, steps, loss: losses.reduce((a, b) => a + b, 0) / losses.length, validation, best: better });
    losses = [];
    return next;
  };
  try {
    const schedule = { steps, warmup: Math.ceil(steps / 10), peak };
    const end = await train({ schedule, batches: ({ epoch }) => options.batches(epoch), stepsPerEpoch, step, round, endRound, patience }, begin);
    return { ...best!, steps: end.step };
  } finally {
    state.drop();
    stepper.release();
  }
}
