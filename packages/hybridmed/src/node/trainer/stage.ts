// One stage of pre-training: steps, validation after each epoch, early stop, best and last checkpoints, exact resume.
import type { Loader } from '@hybridmed/data';
import { cosineSchedule } from '@hybridmed/nn';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { LossName } from '../../model/config.ts';
import { lossNames } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import type { StagePlan } from '../../stages/graphs.ts';
import { stepFields, validationGraph } from '../../stages/graphs.ts';
import type { TrainerState } from '../checkpoint/checkpoint.ts';
import type { LossValues, MetricsLog, StepLine, ValidationLine } from './metrics-log.ts';
import type { RunConfig } from '../run/config.ts';
import type { StepResult, Stepper } from './stage-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { validate } from './validate.ts';

/** What is told while a run goes on. */
export interface RunEvents {
  onMessage?(text: string): void;
  onStep?(line: StepLine, progress: { readonly done: number; readonly total: number }): void;
  onValidation?(line: ValidationLine, best: boolean): void;
}

/** Everything a stage works with. */
export interface StageContext {
  readonly config: RunConfig;
  readonly model: Model;
  readonly plan: StagePlan;
  readonly device: Device;
  readonly state: DeviceState;
  readonly step: Stepper;
  readonly train: Loader;
  readonly validation: Loader;
  readonly teacher: TeacherStates | undefined;
  readonly log: MetricsLog;
  readonly events: RunEvents;
  /** Saves the state as the stage's last or best checkpoint. */
  save(kind: 'last' | 'best', trainer: TrainerState): Promise<void>;
  /** Called once, after the first step succeeded. */
  onFirstStep(): Promise<void>;
}

/** Losses as the metrics file has them: null where the stage uses none. */
function lossLine(losses: StepResult['losses']): LossValues {
  return Object.fromEntries([...lossNames, 'total' as const].map((name) => [name, losses[name as LossName] ?? null])) as unknown as LossValues;
}

/** Throws one line where a loss or the gradients are no numbers. Gradients that a loss scale made too large are none of its: the scale is lowered. */
function checkFinite({ losses, gradientNorm, lossScale = 1 }: StepResult, stage: number, epoch: number, step: number): void {
  const checked = lossScale > 1 ? losses : { ...losses, 'gradient norm': gradientNorm };
  const bad = Object.entries(checked).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  const name = bad[0] === 'gradient norm' ? 'the gradient norm' : `the loss "${bad[0]}"`;
  throw new HybridmedError(`stage ${stage}, epoch ${epoch}, step ${step}: ${name} is ${bad[1]}; lower --learning-rate; checkpoints saved before are kept`);
}

/** The batch's arrays a step reads. */
export function stepInputs(
  plan: StagePlan,
  arrays: Readonly<Record<string, HostArray>>,
  teacher: TeacherStates | undefined,
  studies: readonly number[],
): HostArrays {
  const fields = Object.fromEntries(stepFields(plan).map((field) => [field, arrays[field]!]));
  return teacher ? { ...fields, teacher_hidden: teacher.batch(studies, arrays.input!.shape[1]!) } : fields;
}

/** The validation loss by which the best checkpoint is known: captioning's, or the first in this order that the stage trains. */
export function watchedLoss(plan: StagePlan): LossName {
  if (plan.stage === 1) return 'sum';
  return (['cap', 'cg', 'cl', 'sum', 'dis'] as const).find((name) => plan.weights[name] !== 0)!;
}

/** Number of optimizer steps a stage takes at most. */
export function stageSteps(config: RunConfig, stage: 1 | 2, stepsPerEpoch: number): number {
  const whole = config.epochs[stage - 1]! * stepsPerEpoch;
  const limit = config.steps[stage - 1]!;
  return limit > 0 ? Math.min(limit, whole) : whole;
}

/** Runs a stage from where `start` stands to its end; returns where it ended. */
export async function runStage(context: StageContext, start: TrainerState): Promise<TrainerState> {
  const { config, model, plan, device, state, step, train, validation, teacher, log, events } = context;
  const { stage } = plan;
  const steps = stageSteps(config, stage, train.stepsPerEpoch);
  const schedule = { steps, warmup: Math.max(1, Math.floor(config.warmup * steps)), peak: config.learningRate };
  const judge = await device.compile(validationGraph(model, plan));
  const watched = watchedLoss(plan);
  let now = start;
  let first = true;
  while (now.step < steps && !(config.earlyStop > 0 && now.epochsSinceBest >= config.earlyStop)) {
    let begun = performance.now();
    for await (const batch of train.batches({ epoch: now.epoch, startStep: now.stepInEpoch })) {
      const { arrays, studies } = batch;
      const learningRate = cosineSchedule(now.step, schedule);
      const result = await step(stepInputs(plan, arrays, teacher, studies), { step: now.step, learningRate });
      train.recycle(batch);
      checkFinite(result, stage, now.epoch + 1, now.step + 1);
      if (first) await context.onFirstStep();
      first = false;
      const seconds = (performance.now() - begun) / 1000;
      const residentMiB = Math.round(process.memoryUsage.rss() / 2 ** 20);
      const line: StepLine = {
        stage,
        epoch: now.epoch + 1,
        step: now.step + 1,
        lr: learningRate,
        gradNorm: Number.isFinite(result.gradientNorm) ? result.gradientNorm : null,
        ...(result.lossScale === undefined ? {} : { lossScale: result.lossScale }),
        losses: lossLine(result.losses),
        studiesPerSecond: Number((studies.length / seconds).toFixed(2)),
        residentMiB,
      };
      log.append(line);
      now = { ...now, step: now.step + 1, stepInEpoch: now.stepInEpoch + 1, metricsLines: log.lines };
      events.onStep?.(line, { done: now.step, total: steps });
      const inside = now.stepInEpoch < train.stepsPerEpoch && now.step < steps;
      if (inside && config.checkpointEvery > 0 && now.step % config.checkpointEvery === 0) await context.save('last', now);
      if (now.step >= steps) break;
      begun = performance.now();
    }
    const { losses: values, tokensPerStudy } = await validate(judge, state, validation);
    const line: ValidationLine = { stage, epoch: now.epoch + 1, step: now.step, validation: values, tokensPerStudy };
    log.append(line);
    const value = values[watched]!;
    const better = now.best === null || value < now.best.value;
    now = {
      ...now,
      epoch: now.epoch + 1,
      stepInEpoch: 0,
      best: better ? { value, epoch: now.epoch + 1 } : now.best,
      epochsSinceBest: better ? 0 : now.epochsSinceBest + 1,
      metricsLines: log.lines,
    };
    if (better) await context.save('best', now);
    await context.save('last', now);
    events.onValidation?.(line, better);
  }
  now = { ...now, finished: true };
  await context.save('last', now);
  judge.release?.();
  return now;
}
