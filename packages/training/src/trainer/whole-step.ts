// One optimizer step on a batch as a single program, of a stage of pre-training or of a head, and what both kinds of step share.
import type { LossName, Model } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { stepGraph, trainedBy } from '@hybridmed/model/graphs';
import { scalar, zeros } from '@hybridmed/model/host-arrays';
import type { AdamWOptions, ParameterSpecs } from '@hybridmed/nn';
import type { Communicator } from '@hybridmed/ranks';
import { momentNames, startLossScale } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';

/** Results of a step. */
export interface StepResult {
  /** Losses by name, and what was lowered. */
  readonly losses: Readonly<Partial<Record<LossName, number>> & { total: number }>;
  /** Not finite where the loss scale was too large: the step then updated nothing but the scale. */
  readonly gradientNorm: number;
  /** The loss scale that the step used, in mixed precision. */
  readonly lossScale?: number;
  /** Whether any rank asked to stop after this step. */
  readonly stop?: boolean;
}

/** Where a step is in its schedule: its number, counted from 0, and its learning rate. `stop` asks all ranks to stop after it. */
export interface StepMoment {
  readonly step: number;
  readonly learningRate: number;
  readonly stop?: boolean;
}

/** Runs one optimizer step on a batch, which has every array that it reads. */
export interface Stepper {
  (batch: HostArrays, moment: StepMoment): Promise<StepResult>;
  release(): void;
}

/** The optimizer's entries of some parameters at the start: zero moments and, in mixed precision, the loss scale. */
export const startMoments = (parameters: ParameterSpecs, names: readonly string[], lossScale: boolean): Record<string, HostArray> => ({
  ...Object.fromEntries(names.flatMap((name) => momentNames(name).map((moment) => [moment, zeros(parameters[name]!.shape)]))),
  ...(lossScale ? startLossScale() : {}),
});

/** The optimizer's entries of a stage at its start. */
export const startOptimizer = (model: Model, plan: StagePlan): Record<string, HostArray> =>
  startMoments(model.parameters, trainedBy(model, plan), plan.lossScale ?? false);

/** The value of a scalar result; NaN where there is none. */
export const number = (array: HostArray | undefined): number => array?.data[0] ?? Number.NaN;

/** Gradient norm and loss scale of an update's results. */
export const updateResults = ({ gradient_norm: norm, loss_scale: scale }: HostArrays): Pick<StepResult, 'gradientNorm' | 'lossScale'> => ({
  gradientNorm: number(norm),
  ...(scale ? { lossScale: number(scale) } : {}),
});

/** Compiles an `optimizerStepGraph`; `seed` is that of dropout. */
export async function compileStep(device: Device, state: DeviceState, graph: Graph, seed: number): Promise<Stepper> {
  const program = await device.compile(graph);
  const names = Object.keys(graph.results).filter((name) => name !== 'gradient_norm' && name !== 'loss_scale');
  const step = async (batch: HostArrays, { step: index, learningRate }: StepMoment): Promise<StepResult> => {
    const data = { ...batch, key: keyData(mix32(seed), index), learning_rate: scalar(learningRate), step: scalar(index + 1) };
    const results = await program.run(data, state);
    const losses = Object.fromEntries(names.map((name) => [name, number(results[name])])) as StepResult['losses'];
    return { losses, ...updateResults(results) };
  };
  return Object.assign(step, { release: () => program.release?.() });
}

/** What a stage's step is made from. */
export interface StepOptions {
  readonly device: Device;
  readonly state: DeviceState;
  readonly model: Model;
  readonly plan: StagePlan;
  readonly seed: number;
  readonly optimizer: AdamWOptions;
  /** Processes that share a step's passes; `alone` by default. */
  readonly ranks?: Communicator;
}

/** A stage's step as one program. */
export const wholeStep = ({ device, state, model, plan, seed, optimizer }: StepOptions): Promise<Stepper> =>
  compileStep(device, state, stepGraph(model, plan, optimizer), seed + plan.stage);
