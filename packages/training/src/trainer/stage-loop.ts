// One stage of pre-training: steps, validation after each epoch, early stop, best and last checkpoints, exact resume.
import type { StudyArrays, TextArrays, TextBatch } from '@hybridmed/data/browser';
import type { LossName } from '@hybridmed/model';
import { lossNames } from '@hybridmed/model';
import type { FrozenStep, StagePlan } from '@hybridmed/model/graphs';
import { frozenStep, stepFields, validationGraph } from '@hybridmed/model/graphs';
import { cosineSchedule } from '@hybridmed/nn';
import type { DeviceState, HostArrays, Program } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { LossValues, StepLine, ValidationLine } from '../contracts/metrics.ts';
import type { CheckpointKind } from '../contracts/run-store.ts';
import type { SourceBatch } from '../contracts/study-source.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import { TrainingStoppedError } from '../contracts/training-stopped.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';
import { leftOutStudies, savedBefore, withSkipped } from './bad-data.ts';
import { checkStep, checkValidation } from './finite.ts';
import type { Stepper, StepResult } from './whole-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { validate } from './validate.ts';

/** Everything a stage works with. */
export interface StageContext extends TrainingRun {
  readonly plan: StagePlan;
  readonly state: DeviceState;
  readonly step: Stepper;
  readonly teacher: TeacherStates | undefined;
  /** Saves the state as the stage's last or best checkpoint. */
  save(kind: CheckpointKind, trainer: TrainerState): Promise<void>;
  /** Confirms the last checkpoint: the numbers after it are finite. */
  confirm(): Promise<void>;
}

/** A running stage: what it works with, and what is derived from that once. */
interface StageLoop extends StageContext {
  /** Its state at the start. */
  readonly start: TrainerState;
  readonly frozen: FrozenStep;
  readonly schedule: { readonly steps: number; readonly warmup: number; readonly peak: number };
  readonly validator: Program;
  /** Makes the run's place at its first call: once a first step has succeeded. */
  begin(): Promise<void>;
}

/** Losses as the metrics file has them: null where the stage uses none. */
function lossLine(losses: StepResult['losses']): LossValues {
  return Object.fromEntries([...lossNames, 'total' as const].map((name) => [name, losses[name as LossName] ?? null])) as unknown as LossValues;
}

/** The batch's arrays a step reads. */
export function stepInputs(plan: StagePlan, arrays: TextArrays | StudyArrays, teacher: TeacherStates | undefined, studies: readonly number[]): HostArrays {
  const fields = Object.fromEntries(stepFields(plan).map((field) => [field, (arrays as StudyArrays)[field]!]));
  return teacher ? { ...fields, teacher_hidden: teacher.batch(studies, arrays.input.shape[1]!) } : fields;
}

/** The validation loss that decides which checkpoint is best: captioning's, or the first in this order that the stage trains. */
export function watchedLoss(plan: StagePlan): LossName {
  if (plan.stage === 1) return 'sum';
  return (['cap', 'cg', 'cl', 'sum', 'dis'] as const).find((name) => plan.weights[name] !== 0)!;
}

/** Max number of optimizer steps of a stage. */
export function stageSteps(config: TrainingConfig, stage: 1 | 2, stepsPerEpoch: number): number {
  const ofEpochs = config.epochs[stage - 1]! * stepsPerEpoch;
  const limit = config.steps[stage - 1]!;
  return limit > 0 ? Math.min(limit, ofEpochs) : ofEpochs;
}

/** Runs a stage from `start` to its end; returns its state there. */
export async function runStage(context: StageContext, start: TrainerState): Promise<TrainerState> {
  const { config, model, plan, device, train, store } = context;
  if (start.stepInEpoch > train.stepsPerEpoch)
    throw new HybridmedError(
      `stage ${plan.stage} stopped after step ${start.stepInEpoch} of an epoch, which has ${train.stepsPerEpoch} steps now; restore the data, or begin the run anew`,
    );
  const steps = stageSteps(config, plan.stage, train.stepsPerEpoch);
  let begin: Promise<void> | undefined;
  const loop: StageLoop = {
    ...context,
    start,
    frozen: frozenStep(model.vision),
    schedule: { steps, warmup: Math.max(1, Math.floor(config.warmup * steps)), peak: config.learningRate },
    validator: await device.compile(validationGraph(model, plan)),
    begin: () => (begin ??= store.begin(start)),
  };
  const stopsEarly = ({ epochsSinceBest }: TrainerState) => config.earlyStop > 0 && epochsSinceBest >= config.earlyStop;
  let now = start;
  // An epoch that was stopped before its validation has steps behind it and none before it.
  while ((now.step < steps || now.stepInEpoch > 0) && !stopsEarly(now)) {
    if (context.signal?.aborted) throw new TrainingStoppedError(now);
    now = await endEpoch(loop, await trainEpoch(loop, now));
  }
  now = { ...now, finished: true };
  await context.save('last', now);
  await context.confirm();
  loop.validator.release?.();
  return now;
}

/** Saves the stage, whose run is to stop; returns what to throw. */
async function stopped({ start, save }: StageLoop, now: TrainerState): Promise<TrainingStoppedError> {
  if (now !== start) await save('last', now);
  return new TrainingStoppedError(now);
}

/** Steps from `start` to the end of its epoch, or to the stage's last step. */
async function trainEpoch(loop: StageLoop, start: TrainerState): Promise<TrainerState> {
  const { config, plan, step, train, teacher, store, clock, events, schedule, frozen, signal } = loop;
  let now = start;
  if (now.step >= schedule.steps) return now;
  let started = clock.now();
  try {
    for await (const batch of epochBatches(loop, now)) {
      const next = withSkipped(loop, now, 'unreadable' in batch ? batch.unreadable : []);
      const learningRate = cosineSchedule(now.step, schedule);
      const inputs = await frozen.apply(stepInputs(plan, batch.arrays, teacher, batch.studies));
      const result = await step(inputs, { step: now.step, learningRate });
      if ('image' in batch.arrays) train.recycle({ ...batch, arrays: batch.arrays });
      checkStep(result, now);
      await loop.begin();
      await loop.confirm();
      const seconds = (clock.now() - started) / 1000;
      const line = stepLine(loop, now, result, { learningRate, studiesPerSecond: batch.studies.length / seconds });
      now = { ...next, step: now.step + 1, stepInEpoch: now.stepInEpoch + 1, metricsLines: store.append(line) };
      events.onStep?.(line, { done: now.step, total: schedule.steps });
      if (signal?.aborted) throw await stopped(loop, now);
      if (now.step >= schedule.steps) break;
      const due = config.checkpointEvery > 0 && now.step % config.checkpointEvery === 0;
      if (due && now.stepInEpoch < train.stepsPerEpoch) await loop.save('last', now);
      started = clock.now();
    }
  } catch (error) {
    throw await savedBefore(error, { start: loop.start, now, save: () => loop.save('last', now) });
  }
  return now;
}

/** The batches of the rest of an epoch: without images where the stage reads none. */
function epochBatches({ plan, train }: StageLoop, now: TrainerState): AsyncIterable<SourceBatch> | Iterable<TextBatch> {
  const range = { epoch: now.epoch, startStep: now.stepInEpoch };
  return stepFields(plan).includes('image') ? train.batches({ ...range, leftOut: leftOutStudies(train, now) }) : train.textBatches(range);
}

/** The log's line of the step that follows `now`. */
function stepLine(
  { plan, clock }: StageLoop,
  now: TrainerState,
  { losses, gradientNorm, lossScale }: StepResult,
  { learningRate, studiesPerSecond }: { learningRate: number; studiesPerSecond: number },
): StepLine {
  const residentMiB = clock.residentMiB?.();
  return {
    stage: plan.stage,
    epoch: now.epoch + 1,
    step: now.step + 1,
    lr: learningRate,
    gradNorm: Number.isFinite(gradientNorm) ? gradientNorm : null,
    ...(lossScale === undefined ? {} : { lossScale }),
    losses: lossLine(losses),
    studiesPerSecond: Number(studiesPerSecond.toFixed(2)),
    ...(residentMiB === undefined ? {} : { residentMiB }),
  };
}

/** Validates, and saves the last checkpoint and, where the watched loss fell, the best. */
async function endEpoch(loop: StageLoop, now: TrainerState): Promise<TrainerState> {
  const { plan, state, validation, store, events, frozen, validator, signal } = loop;
  const { losses, tokensPerStudy } = await validate({ program: validator, state, frozen, signal }, validation).catch(async (error: unknown) => {
    throw signal?.aborted ? await stopped(loop, now) : await savedBefore(error, { start: loop.start, now, save: () => loop.save('last', now) });
  });
  checkValidation(losses, now);
  const epoch = now.epoch + 1;
  const line: ValidationLine = { stage: plan.stage, epoch, step: now.step, validation: losses, tokensPerStudy };
  await loop.begin();
  const metricsLines = store.append(line);
  const value = losses[watchedLoss(plan)]!;
  const better = now.best === null || value < now.best.value;
  const next = {
    ...now,
    epoch,
    stepInEpoch: 0,
    best: better ? { value, epoch } : now.best,
    epochsSinceBest: better ? 0 : now.epochsSinceBest + 1,
    metricsLines,
  };
  if (better) await loop.save('best', next);
  await loop.save('last', next);
  events.onValidation?.(line, better);
  return next;
}
