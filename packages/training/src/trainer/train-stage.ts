// Trains one stage of a run: its state, its teacher, its step's program, and what is saved when.
import type { Model, Stage } from '@hybridmed/model';
import { trainable } from '@hybridmed/model';
import type { StagePlan, TeacherMode } from '@hybridmed/model/graphs';
import { teacherParameters, teacherPrefix, usesTeacher } from '@hybridmed/model/graphs';
import { foldStandardization, standardizationState } from '@hybridmed/model/standardize';
import { adapterState, mergeLora } from '@hybridmed/nn/fine-tuning';
import { alone } from '@hybridmed/ranks';
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { CheckpointKind, RunStore, StageSnapshot } from '../contracts/run-store.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import { TrainingStoppedError } from '../contracts/training-stopped.ts';
import type { StageFront } from '../frozen/stage-front.ts';
import { openFronts } from '../frozen/stage-front.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';
import { lossWeights } from '../settings/training-settings.ts';
import { ownSignal, stopAsked } from '../ranks/stop.ts';
import { accumulatedStep } from './accumulated-step.ts';
import { checkArrays, NotFiniteError } from './finite.ts';
import { runStage } from './stage-loop.ts';
import { withStandardization } from './standardization.ts';
import type { StartingPoint } from './starting-point.ts';
import { startingPoint } from './starting-point.ts';
import { startOptimizer, wholeStep } from './whole-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { computeTeacherStates, teacherBytes } from './teacher-states.ts';

// Hidden states of the teacher are precomputed up to this size; beyond it the teacher runs inside each step.
const maxTeacherBytes = 2 ** 31;

function planOf(config: TrainingConfig, stage: Stage, teacher: TeacherMode): StagePlan {
  const { temperature, tau, duplicates, remat, precision } = config;
  const lossScale = precision === 'mixed';
  if (stage !== 2) return { stage, remat, lossScale };
  return { stage, remat, lossScale, weights: lossWeights(config), temperature, tau, duplicates, teacher };
}

/** Trains a stage from its start, or from where it resumes. Throws one line where everything that it trains is frozen. */
export async function trainStage(run: TrainingRun, stage: Stage): Promise<TrainerState> {
  const { config, device, model, store, events, ranks = alone } = run;
  if (trainable(model, stage, lossWeights(config)).length === 0)
    throw new HybridmedError(
      `stage ${stage}: everything it trains is frozen; freeze less, or leave the stage out (${stage === 2 ? '' : `--no-stage${stage}, or `}0 epochs)`,
    );
  const start = await startingPoint(run, stage);
  if (start.trainer.finished) {
    events.onMessage?.(`stage ${stage} is finished`);
    return start.trainer;
  }
  if (await stopAsked(run)) throw new TrainingStoppedError(start.trainer);
  const fresh = startOptimizer(model, planOf(config, stage, config.teacher));
  const state = device.createState({ ...start.parameters, ...(start.optimizer ?? fresh) });
  const distilled = usesTeacher(planOf(config, stage, config.teacher));
  // What a teacher copies is an attention over each study's findings: it is run inside the step.
  const cached = distilled && !model.decoder.copies('findings') && teacherBytes(run.train, model) <= maxTeacherBytes;
  const plan = planOf(config, stage, cached ? 'cached' : config.teacher);
  const front = await openFronts(run, state, plan);
  const teacher = distilled
    ? await teach({ ...run, model: front.model }, state, { parameters: start.teacher, cached, front: front.teacher }).catch((error: unknown) => {
        throw ownSignal(run)?.aborted ? new TrainingStoppedError(start.trainer) : error;
      })
    : undefined;
  const { weightDecay, clip, seed, accumulate } = config;
  const trained = await withStandardization(run, state, plan, front);
  const options = { device, state, model: trained, plan, seed, optimizer: { weightDecay, clip }, ranks };
  const step = accumulate > 1 ? await accumulatedStep(options, accumulate) : await wholeStep(options);
  const snapshot = snapshotsOf(device, state, trained, Object.keys(fresh));
  const keeper = checkpointKeeper(store, stage, start, ranks.rank === 0 ? snapshot : undefined);
  const { save, confirm } = keeper;
  const end = await runStage({ ...run, model: trained, plan, state, step, teacher, front, save, confirm }, start.trainer).catch(async (error: unknown) => {
    throw error instanceof NotFiniteError ? await keeper.fallBack(error) : error;
  });
  state.drop();
  step.release();
  front.release();
  return end;
}

type Snapshots = (kind: CheckpointKind, trainer: TrainerState) => Promise<StageSnapshot>;

/** What is saved of a state: parameters with everything merged that training has beside them and, to go on training, that too. */
const snapshotsOf =
  (device: Device, state: DeviceState, { parameters: specs }: Model, moments: readonly string[]): Snapshots =>
  async (kind, trainer) => {
    const parameters = foldStandardization(mergeLora(await state.read(Object.keys(specs))));
    checkArrays(parameters, trainer);
    if (kind === 'best') return { parameters };
    const optimizer = await state.read([...new Set([...moments, ...adapterState(specs), ...standardizationState(specs)])]);
    checkArrays(optimizer, trainer);
    const tuning = device.choices?.read();
    return { parameters, trainer, optimizer, ...(tuning ? { tuning } : {}) };
  };

/** Saves a stage's checkpoints so that, at every moment, there is one whose next step was finite. Without `snapshot` another rank saves them. */
function checkpointKeeper(store: RunStore, stage: Stage, start: StartingPoint, snapshot: Snapshots | undefined) {
  let last = start.optimizer && start.trainer.step;
  let unconfirmed = last !== undefined;
  return {
    async save(kind: CheckpointKind, trainer: TrainerState): Promise<void> {
      if (snapshot) await store.save(stage, kind, await snapshot(kind, trainer));
      if (kind === 'last') [last, unconfirmed] = [trainer.step, true];
    },
    async confirm(): Promise<void> {
      if (unconfirmed) await store.confirmLast(stage);
      unconfirmed = false;
    },
    /** Removes the checkpoint that led to numbers which are not finite; returns the error to throw. */
    async fallBack(error: NotFiniteError): Promise<HybridmedError> {
      const resumeStep = last === error.step ? await store.rejectLast(stage) : last;
      const advice = resumeStep === undefined ? 'and run again with --resume' : `and resume with --resume from step ${resumeStep}, which is saved`;
      return new HybridmedError(`${error.message}; lower --learning-rate ${advice}`);
    },
  };
}

interface TeachOptions {
  readonly parameters: HostArrays;
  /** Whether its hidden states are computed once. */
  readonly cached: boolean;
  /** What the findings go through before it. */
  readonly front: StageFront['teacher'];
}

/** Puts the frozen teacher into the state and, where its hidden states fit in memory, computes them. */
async function teach(run: TrainingRun, state: DeviceState, { parameters, cached, front }: TeachOptions): Promise<TeacherStates | undefined> {
  const { device, events, model, train, ranks } = run;
  const signal = ownSignal(run);
  const frozen = (names: readonly string[]) => Object.fromEntries(names.map((name) => [teacherPrefix + name, parameters[name]!]));
  if (!cached) {
    state.write(frozen(teacherParameters(model, 'snapshot')));
    return undefined;
  }
  events.onMessage?.(`computing the teacher's states of ${train.size} studies`);
  const own = device.createState(frozen(teacherParameters(model, 'snapshot')));
  const states = await computeTeacherStates(device, own, model, train, { ranks, front, onProgress: () => signal?.throwIfAborted() });
  own.drop();
  state.write(frozen(teacherParameters(model, 'cached')));
  return states;
}
