// Fitting a part of a model to a task of its own: AdamW steps, validation in rounds, early stop; the best round's parameters win.
import { scalar, zeros } from '@hybridmed/model/host-arrays';
import { momentSpecs } from '@hybridmed/model/graphs';
import type { AdamWOptions, ParameterSpecs, Scope } from '@hybridmed/nn';
import { adamWStep, cosineSchedule, lossScaleOf, lossScaleSpecs, momentNames, parameterSpecs, rootScope, startLossScale, trainedNames } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, HostArrays, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { grad, HybridmedError, keyData, mix32, ops, trace } from '@hybridmed/tensor';
import { notFiniteEntry } from './trainer/finite.ts';

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

const scalarSpec: TensorSpec = { shape: [], dtype: 'f32' };

/** One step of a task as a graph: the batch's fields, `key`, `learning_rate` and `step` in; `loss` and `gradient_norm` out. */
function taskGraph({ parameters, data, loss }: Task, { lossScale = false, ...optimizer }: AdamWOptions): Graph {
  const names = trainedNames(parameters);
  return trace(
    {
      data: { ...data, key: { shape: [2], dtype: 'i32' }, learning_rate: scalarSpec, step: scalarSpec },
      state: { ...parameterSpecs(parameters), ...momentSpecs(parameters, names), ...(lossScale ? lossScaleSpecs() : {}) },
    },
    (inputs, state) => {
      const updates: Record<string, Tensor> = {};
      const value = loss(rootScope(state, { training: true, updates, key: { data: inputs['key']!, stream: 1 }, specs: parameters }), inputs);
      const gradients = grad(
        lossScale ? ops.mul(value, lossScaleOf(state)) : value,
        names.map((name) => state[name]!),
      );
      const stepped = adamWStep(
        parameters,
        state,
        Object.fromEntries(names.map((name, i) => [name, gradients[i]!])),
        { learningRate: inputs['learning_rate']!, step: inputs['step']! },
        { ...optimizer, lossScale },
      );
      return { results: { loss: value, gradient_norm: stepped.gradientNorm }, updates: { ...updates, ...stepped.updates } };
    },
  );
}

/** The parameters after a step. Throws one line where one is no number. */
async function finiteParameters(state: DeviceState, names: readonly string[], step: number): Promise<Record<string, HostArray>> {
  const parameters = await state.read(names);
  const notFinite = notFiniteEntry(parameters);
  if (notFinite) throw new HybridmedError(`step ${step}: the parameter "${notFinite[0]}" has become ${notFinite[1]}; lower --learning-rate`);
  return { ...parameters };
}

/**
 * Fits a task with AdamW, linear warm-up over 10 % of the steps and a cosine to 0, validating after each round. The best round's
 * parameters win; of equals, the earlier. Throws one line where the loss stops being a number.
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const { device, task, start, stepsPerEpoch, steps, round, patience, learningRate, weightDecay = 0.05, seed, validate, onRound } = options;
  const names = Object.keys(task.parameters);
  const moments = trainedNames(task.parameters).flatMap((name) => momentNames(name).map((moment) => [moment, zeros(task.parameters[name]!.shape)] as const));
  const state = device.createState({ ...Object.fromEntries(names.map((name) => [name, start[name]!])), ...Object.fromEntries(moments) });
  const lossScale = device.info.precision === 'mixed';
  if (lossScale) state.write(startLossScale());
  const program = await device.compile(taskGraph(task, { weightDecay, lossScale }));
  const schedule = { steps, warmup: Math.ceil(steps / 10), peak: learningRate };
  let best: Fitted | undefined;
  let [step, roundsSinceBest, lossSum, lossCount] = [0, 0, 0, 0];
  const ended = () => step >= steps || (patience > 0 && roundsSinceBest >= patience);
  const endRound = async () => {
    const validation = await validate(state);
    // A figure that is not a number is no better than any other; the first one that is a number is better.
    const better = best === undefined || validation > best.validation || (Number.isNaN(best.validation) && !Number.isNaN(validation));
    if (better) best = { parameters: await finiteParameters(state, names, step), validation, bestStep: step, steps: step };
    roundsSinceBest = better ? 0 : roundsSinceBest + 1;
    onRound?.({ step, steps, loss: lossSum / Math.max(1, lossCount), validation, best: better });
    [lossSum, lossCount] = [0, 0];
  };
  try {
    for (let epoch = 0; !ended(); epoch++) {
      const before = step;
      for await (const batch of options.batches(epoch)) {
        const results = await program.run(
          { ...batch, key: keyData(mix32(seed), step), learning_rate: scalar(cosineSchedule(step, schedule)), step: scalar(step + 1) },
          state,
        );
        const loss = results['loss']!.data[0]!;
        // Where gradients overflow under the loss scale the step is skipped, and the scale is lowered.
        if (!Number.isFinite(loss) || (!lossScale && !Number.isFinite(results['gradient_norm']!.data[0]!)))
          throw new HybridmedError(`step ${step + 1}: the loss is ${loss}; lower --learning-rate`);
        [step, lossSum, lossCount] = [step + 1, lossSum + loss, lossCount + 1];
        if (step % round === 0 || step >= steps) await endRound();
        if (ended() || step - before >= stepsPerEpoch) break;
      }
    }
    return { ...best!, steps: step };
  } finally {
    state.drop();
    program.release?.();
  }
}
