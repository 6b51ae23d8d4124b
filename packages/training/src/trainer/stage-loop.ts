// One stage of pre-training: steps, validation after each epoch, early stop, best and last checkpoints, exact resume.
import type { TextBatch } from '@hybridmed/data/browser';
import type { Model, Stage } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { pick, stepFields, validationGraph } from '@hybridmed/model/graphs';
import { alone } from '@hybridmed/ranks';
import type { DeviceState, HostArrays, Program } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { StepLine, ValidationLine } from '../contracts/metrics.ts';
import { lossValues } from '../contracts/metrics.ts';
import type { CheckpointKind } from '../contracts/run-store.ts';
import type { SourceBatch } from '../contracts/study-source.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import { TrainingStoppedError } from '../contracts/training-stopped.ts';
import type { StageFront } from '../frozen/stage-front.ts';
import { ofStage } from '../options/values.ts';
import { rateOfOthers } from '../settings/learning-rates.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';
import { stageEpochs } from '../settings/run-stages.ts';
import { ownSignal, stopAsked } from '../ranks/stop.ts';
import { leftOutStudies, ofAllRanks, savedBefore, withSkipped } from './bad-data.ts';
import { checkStep, checkValidation } from './finite.ts';
import type { Schedule } from './loop.ts';
import { judged, train } from './loop.ts';
import type { Stepper, StepResult } from './whole-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { readsTexts, validate } from './validate.ts';
import type { ValidationTexts } from './validation-texts.ts';
import { validationTexts } from './validation-texts.ts';
import { watchedOf, watchesTexts } from './watched.ts';

/** Everything a stage works with. */
export interface StageContext extends TrainingRun {
  readonly plan: StagePlan;
  readonly state: DeviceState;
  readonly step: Stepper;
  readonly teacher: TeacherStates | undefined;
  readonly front: StageFront;
  /** Saves the state as the stage's last or best checkpoint. */
  save(kind: CheckpointKind, trainer: TrainerState): Promise<void>;
  /** Confirms the last checkpoint: the numbers after it are finite. */
  confirm(): Promise<void>;
}

/** A running stage: what it works with, and what is derived from that once. */
interface StageLoop extends StageContext {
  /** Its state at the start. */
  readonly start: TrainerState;
  readonly schedule: Schedule;
  readonly validator: Program;
  /** Writes the validation split, where the stage is judged by that. */
  readonly texts: ValidationTexts | undefined;
  /** Makes the run's place at its first call: once a first step has succeeded. */
  begin(): Promise<void>;
  /** Seconds since the last call of `restart`. */
  seconds(): number;
  restart(): void;
}

/** The batch's arrays a step reads, but for what fronts make of them. */
export function stepInputs(plan: StagePlan, model: Model, { arrays, studies }: Batch, teacher: TeacherStates | undefined): HostArrays {
  const all: HostArrays = arrays;
  const fields = pick(all, stepFields(plan, model));
  return teacher ? { ...fields, teacher_hidden: teacher.batch(studies, all.input!.shape[1]!) } : fields;
}

/** Max number of optimizer steps of a stage. */
export function stageSteps(config: TrainingConfig, stage: Stage, stepsPerEpoch: number): number {
  const ofEpochs = stageEpochs(config, stage) * stepsPerEpoch;
  const limit = ofStage(config.steps, stage);
  return limit > 0 ? Math.min(limit, ofEpochs) : ofEpochs;
}

/** Runs a stage from `start` to its end; returns its state there. */
export async function runStage(context: StageContext, start: TrainerState): Promise<TrainerState> {
  const { config, model, plan, device, train: source, store, clock } = context;
  const { stepsPerEpoch } = source;
  if (start.stepInEpoch > stepsPerEpoch)
    throw new HybridmedError(
      `stage ${plan.stage} stopped after step ${start.stepInEpoch} of an epoch, which has ${stepsPerEpoch} steps now; restore the data, or begin the run anew`,
    );
  const steps = stageSteps(config, plan.stage, stepsPerEpoch);
  let begin: Promise<void> | undefined;
  let started = 0;
  const loop: StageLoop = {
    ...context,
    start,
    schedule: { steps, warmup: Math.max(1, Math.floor(config.warmup * steps)), peak: rateOfOthers(config.learningRate) },
    validator: await device.compile(validationGraph(model, plan)),
    texts: watchesTexts(plan, config) ? validationTexts(context, context.front.writing) : undefined,
    begin: () => (begin ??= store.begin(start)),
    seconds: () => (clock.now() - started) / 1000,
    restart: () => void (started = clock.now()),
  };
  let reached = start;
  const end = await train<TrainerState, Batch>(
    {
      schedule: loop.schedule,
      stepsPerEpoch,
      patience: config.earlyStop,
      async *batches(now) {
        if (await stopAsked(context)) throw new TrainingStoppedError(now);
        loop.restart();
        yield* epochBatches(loop, now);
      },
      step: async (batch, now, learningRate) => (reached = await trainOn(loop, batch, now, learningRate)),
      endRound: async (now) => (reached = await endEpoch(loop, now)),
    },
    start,
  ).catch(async (error: unknown) => {
    throw await savedBefore(error, { start, now: reached, save: () => context.save('last', reached) });
  });
  const now = { ...end, finished: true };
  await context.save('last', now);
  await context.confirm();
  loop.validator.release?.();
  loop.texts?.release();
  return now;
}

/** Saves the stage, whose run is to stop; returns what to throw. */
async function stopped({ start, save }: StageLoop, now: TrainerState): Promise<TrainingStoppedError> {
  if (now !== start) await save('last', now);
  return new TrainingStoppedError(now);
}

/** The step after `now`, with its line in the log and, where one is due, a checkpoint. */
async function trainOn(loop: StageLoop, batch: Batch, now: TrainerState, learningRate: number): Promise<TrainerState> {
  const { config, model, plan, step, train: source, teacher, store, events, schedule, front, signal, ranks = alone } = loop;
  const noted = 'image' in batch.arrays ? withSkipped(loop, now, await ofAllRanks(ranks, ('unreadable' in batch ? batch.unreadable : undefined) ?? [])) : now;
  const inputs = await front.train.apply(stepInputs(plan, model, batch, teacher), batch);
  const result = await step(inputs, { step: now.step, learningRate, stop: signal?.aborted ?? false });
  if ('image' in batch.arrays) source.recycle({ arrays: batch.arrays, studies: batch.studies });
  checkStep(result, now);
  await loop.begin();
  await loop.confirm();
  const line = stepLine(loop, now, result, { learningRate, studiesPerSecond: (batch.studies.length * ranks.size) / loop.seconds() });
  const next = { ...noted, step: now.step + 1, stepInEpoch: now.stepInEpoch + 1, metricsLines: store.append(line) };
  events.onStep?.(line, { done: next.step, total: schedule.steps });
  // Ranks stop after the same step: the one that any of them was asked before.
  if (ranks.size > 1 ? result.stop : signal?.aborted) throw await stopped(loop, next);
  const due = config.checkpointEvery > 0 && next.step % config.checkpointEvery === 0;
  if (due && next.step < schedule.steps && next.stepInEpoch < source.stepsPerEpoch) await loop.save('last', next);
  loop.restart();
  return next;
}

/** A batch of a stage: without images, or without texts, where it reads none. */
type Batch = SourceBatch | TextBatch;

/** The batches of the rest of an epoch. */
function epochBatches({ config, plan, model, train: source, front }: StageLoop, now: TrainerState): AsyncIterable<Batch> | Iterable<Batch> {
  const range = { epoch: now.epoch, startStep: now.stepInEpoch };
  const fields = stepFields(plan, model);
  if (!fields.includes('image')) return source.textBatches(range);
  return source.batches({ ...range, leftOut: leftOutStudies(source, now), texts: readsTexts(fields), crops: config.crops, known: front.train.known });
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
    losses: lossValues(losses),
    studiesPerSecond: Number(studiesPerSecond.toFixed(2)),
    ...(residentMiB === undefined ? {} : { residentMiB }),
  };
}

/** The losses of the validation split and, where the stage is judged by that, the score of what it writes for it. */
async function validated(loop: StageLoop, now: TrainerState): Promise<Pick<ValidationLine, 'validation' | 'tokensPerStudy' | 'cider'>> {
  const { plan, model, state, validation, front, validator, texts, ranks } = loop;
  const signal = ownSignal(loop);
  const { losses, tokensPerStudy } = await validate({ program: validator, state, frozen: front.validation, signal, ranks }, validation);
  checkValidation(losses, now);
  const tokens = readsTexts(stepFields(plan, model)) ? { tokensPerStudy } : {};
  return { validation: losses, ...tokens, ...(texts ? { cider: await texts.cider(state) } : {}) };
}

/** Validates, and saves the last checkpoint and, where what is watched got better, the best. */
async function endEpoch(loop: StageLoop, now: TrainerState): Promise<TrainerState> {
  const { config, plan, store, events } = loop;
  const values = await validated(loop, now).catch(async (error: unknown) => {
    throw ownSignal(loop)?.aborted ? await stopped(loop, now) : error;
  });
  const epoch = now.epoch + 1;
  const line: ValidationLine = { stage: plan.stage, epoch, step: now.step, ...values };
  await loop.begin();
  const metricsLines = store.append(line);
  const { next, better } = judged({ ...now, epoch, stepInEpoch: 0, metricsLines }, watchedOf(plan, config).value(line));
  if (better) await loop.save('best', next);
  await loop.save('last', next);
  events.onValidation?.(line, better);
  return next;
}
