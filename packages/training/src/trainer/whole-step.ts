// One optimizer step on a batch as a single program, and what both kinds of step share.
import type { LossName, Model, Stage } from '@hybridmed/model';
import { trainable } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { stepGraph } from '@hybridmed/model/graphs';
import { scalar, zeros } from '@hybridmed/model/host-arrays';
import { lossTerms } from '@hybridmed/model/objective';
import type { AdamWOptions } from '@hybridmed/nn';
import type { Communicator } from '@hybridmed/ranks';
import { momentNames, startLossScale } from '@hybridmed/nn';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';

/** Results of a step. */
export interface StepResult {
  readonly losses: Readonly<Partial<Record<LossName, number>> & { total: number }>;
  /** Not finite where the loss scale was too large: the step then updated nothing but the scale. */
  readonly gradientNorm: number;
  /** The loss scale that the step used, in mixed precision. */
  readonly lossScale?: number;
  /** Whether any rank asked to stop after this step. */
  readonly stop?: boolean;
}

/** Runs one optimizer step. `step` counts from 0 within the stage; `stop` asks all ranks to stop after it; the batch has every field the plan reads, and `teacher_hidden` where the teacher's states are precomputed. */
export type Stepper = (batch: HostArrays, options: { step: number; learningRate: number; stop?: boolean }) => Promise<StepResult>;

/** The optimizer's entries of a stage at its start: zero moments and, in mixed precision, the loss scale. */
export const startOptimizer = (model: Model, { stage, lossScale }: Pick<StagePlan, 'stage' | 'lossScale'>): Record<string, HostArray> => ({
  ...zeroMoments(model, stage),
  ...(lossScale ? startLossScale() : {}),
});

/** Zero moments for what a stage trains. */
export function zeroMoments(model: Model, stage: Stage): Record<string, HostArray> {
  return Object.fromEntries(trainable(model, stage).flatMap((name) => momentNames(name).map((moment) => [moment, zeros(model.parameters[name]!.shape)])));
}

/** The value of a scalar result; NaN where there is none. */
export const number = (array: HostArray | undefined): number => array?.data[0] ?? Number.NaN;

/** The losses of a plan, and their weighted sum, of a program's results. */
const stepLosses = (results: HostArrays, plan: StagePlan): StepResult['losses'] => ({
  ...Object.fromEntries(lossTerms(plan).map(({ row: { key } }) => [key, number(results[key])])),
  total: number(results.total),
});

/** Gradient norm and loss scale of an update's results. */
export const updateResults = ({ gradient_norm: norm, loss_scale: scale }: HostArrays): Pick<StepResult, 'gradientNorm' | 'lossScale'> => ({
  gradientNorm: number(norm),
  ...(scale ? { lossScale: number(scale) } : {}),
});

/** What a step is made from. */
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

/** A step as one program. */
export async function wholeStep({ device, state, model, plan, seed, optimizer }: StepOptions): Promise<Stepper> {
  const program = await device.compile(stepGraph(model, plan, optimizer));
  return async (batch, { step, learningRate, stop = false }) => {
    const results = await program.run(
      { ...batch, key: keyData(mix32(seed + plan.stage), step), learning_rate: scalar(learningRate), step: scalar(step + 1) },
      state,
    );
    return { losses: stepLosses(results, plan), ...updateResults(results), stop };
  };
}
