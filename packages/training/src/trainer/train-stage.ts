// Trains one stage of a run: its state, its teacher, its step's program, and what is saved when.
import { trainable } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { teacherParameters, teacherPrefix } from '@hybridmed/model/graphs';
import { adapterState, mergeLora } from '@hybridmed/nn/fine-tuning';
import type { DeviceState, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { CheckpointKind, Stage } from '../contracts/run-store.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { RunConfig } from '../settings/run-config.ts';
import { lossWeights } from '../settings/run-config.ts';
import { accumulatedStep } from './accumulated-step.ts';
import { runStage } from './stage-loop.ts';
import { startingPoint } from './starting-point.ts';
import { startOptimizer, wholeStep } from './whole-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { computeTeacherStates, teacherBytes } from './teacher-states.ts';

// Hidden states of the teacher are precomputed up to this size; beyond it the teacher runs inside each step.
const maxTeacherBytes = 2 ** 31;

function planOf(config: RunConfig, stage: Stage, cached: boolean): StagePlan {
  const { temperature, tau, duplicates, remat, precision } = config;
  const lossScale = precision === 'mixed';
  if (stage === 1) return { stage: 1, remat, lossScale };
  return {
    stage: 2,
    remat,
    lossScale,
    weights: lossWeights(config),
    temperature,
    tau,
    duplicates,
    teacher: config.teacher === 'live' ? 'live' : cached ? 'cached' : 'snapshot',
  };
}

/** Trains a stage from its start, or from where it resumes. Throws one line where everything that it trains is frozen. */
export async function trainStage(run: TrainingRun, stage: Stage): Promise<TrainerState> {
  const { config, device, model, store, events } = run;
  if (trainable(model, stage).length === 0)
    throw new HybridmedError(`stage ${stage}: everything it trains is frozen; freeze less, or leave the stage out (--no-stage1, or 0 epochs)`);
  const start = await startingPoint(run, stage);
  if (start.trainer.finished) {
    events.onMessage?.(`stage ${stage} is finished`);
    return start.trainer;
  }
  const fresh = startOptimizer(model, { stage, lossScale: config.precision === 'mixed' });
  const state = device.createState({ ...start.parameters, ...(start.optimizer ?? fresh) });
  const distilled = stage === 2 && config.dis !== 0 && config.teacher === 'snapshot';
  const cached = distilled && teacherBytes(run.train, model) <= maxTeacherBytes;
  const teacher = distilled ? await teach(run, state, start.teacher, cached) : undefined;
  const plan = planOf(config, stage, cached);
  const { weightDecay, clip, seed, accumulate } = config;
  const options = { device, state, model, plan, seed, optimizer: { weightDecay, clip } };
  const step = accumulate > 1 ? await accumulatedStep(options, accumulate) : await wholeStep(options);
  const optimizerEntries = [...Object.keys(fresh), ...adapterState(model.parameters)];
  const save = async (kind: CheckpointKind, trainer: TrainerState) => {
    const parameters = mergeLora(await state.read(Object.keys(model.parameters)));
    await store.save(stage, kind, kind === 'best' ? { parameters } : { parameters, trainer, ...(await resumeEntries()) });
  };
  const resumeEntries = async () => {
    const tuning = device.choices?.read();
    return { optimizer: await state.read(optimizerEntries), ...(tuning ? { tuning } : {}) };
  };
  const end = await runStage({ ...run, plan, state, step, teacher, save }, start.trainer);
  state.drop();
  return end;
}

/** Puts the frozen teacher into the state and, where its hidden states fit in memory, computes them. */
async function teach(
  { device, events, model, train }: TrainingRun,
  state: DeviceState,
  parameters: HostArrays,
  cached: boolean,
): Promise<TeacherStates | undefined> {
  const frozen = (names: readonly string[]) => Object.fromEntries(names.map((name) => [teacherPrefix + name, parameters[name]!]));
  if (!cached) {
    state.write(frozen(teacherParameters(model, 'snapshot')));
    return undefined;
  }
  events.onMessage?.(`computing the teacher's states of ${train.size} studies`);
  const own = device.createState(frozen(teacherParameters(model, 'snapshot')));
  const states = await computeTeacherStates(device, own, model, train);
  own.drop();
  state.write(frozen(teacherParameters(model, 'cached')));
  return states;
}
