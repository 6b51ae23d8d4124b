// Trains one stage of a run: its state, its teacher, its step's program, and what is written when.
import { adapterState, mergeLora } from '@hybridmed/nn/fine-tuning';
import type { DeviceState, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { trainable } from '../../model/model.ts';
import type { StagePlan } from '../../stages/graphs.ts';
import { teacherParameters, teacherPrefix } from '../../stages/graphs.ts';
import type { TrainerState } from '../checkpoint/checkpoint.ts';
import { checkpointFolder, saveCheckpoint } from '../checkpoint/checkpoint.ts';
import type { RunConfig } from '../run/config.ts';
import { lossWeights } from '../run/config.ts';
import { createRunFolder } from '../run/folder.ts';
import type { Run } from './prepare.ts';
import type { RunEvents } from './stage.ts';
import { runStage } from './stage.ts';
import { accumulatedStep, startOptimizer, wholeStep } from './stage-step.ts';
import { startingPoint } from './starting-point.ts';
import type { TeacherStates } from './teacher-states.ts';
import { computeTeacherStates, teacherBytes } from './teacher-states.ts';
import { EventWriter } from './tensorboard.ts';

// Hidden states of the teacher are kept up to this size; beyond it the teacher runs inside each step.
const maxTeacherBytes = 2 ** 31;

function planOf(config: RunConfig, stage: 1 | 2, cached: boolean): StagePlan {
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

/** Trains a stage from where it stands. Throws one line where everything that it trains is frozen. */
export async function trainStage(run: Run, stage: 1 | 2): Promise<TrainerState> {
  const { options, model, log } = run;
  const { config, out, device, events = {} } = options;
  if (trainable(model, stage).length === 0)
    throw new HybridmedError(`stage ${stage}: everything it trains is frozen; freeze less, or leave the stage out (--no-stage1, or 0 epochs)`);
  const begin = await startingPoint(run, stage);
  if (begin.trainer.finished) {
    events.onMessage?.(`stage ${stage} is finished`);
    return begin.trainer;
  }
  const fresh = startOptimizer(model, { stage, lossScale: config.precision === 'mixed' });
  const state = device.createState({ ...begin.parameters, ...(begin.optimizer ?? fresh) });
  const distilled = stage === 2 && config.dis !== 0 && config.teacher === 'snapshot';
  const cached = distilled && teacherBytes(run.train, model) <= maxTeacherBytes;
  const teacher = distilled ? await teach(run, state, begin.teacher, cached) : undefined;
  const plan = planOf(config, stage, cached);
  const optimizer = { weightDecay: config.weightDecay, clip: config.clip };
  const step =
    config.accumulate > 1
      ? await accumulatedStep(device, state, model, plan, config.seed, optimizer, config.accumulate)
      : await wholeStep(device, state, model, plan, config.seed, optimizer);
  const chosen = () => {
    const tuning = device.choices?.read();
    return tuning ? { tuning } : {};
  };
  let writer: EventWriter | undefined;
  const save = async (kind: 'last' | 'best', trainer: TrainerState) => {
    const parameters = mergeLora(await state.read(Object.keys(model.parameters)));
    const kept = [...Object.keys(fresh), ...adapterState(model.parameters)];
    const extra = kind === 'last' ? { optimizer: await state.read(kept), trainer, ...chosen() } : {};
    await saveCheckpoint(checkpointFolder(out, stage, kind), { config: { ...run.checkpoint, stage }, tokenizer: run.tokenizer.toJSON(), parameters, ...extra });
    if (kind === 'last') await run.session.save();
  };
  const opened = async () => {
    const known = await log.start(begin.trainer.metricsLines);
    writer = new EventWriter(out);
    writer.write(known);
  };
  const watched: RunEvents = {
    ...events,
    onStep(line, progress) {
      writer?.write([line]);
      events.onStep?.(line, progress);
    },
    onValidation(line, best) {
      writer?.write([line]);
      events.onValidation?.(line, best);
    },
  };
  const onFirstStep = async () => {
    await createRunFolder(out, config, run.tokenizer);
    await opened();
  };
  const end = await runStage(
    { config, model, plan, device, state, step, train: run.train, validation: run.validation, teacher, log, save, events: watched, onFirstStep },
    begin.trainer,
  );
  state.drop();
  return end;
}

/** Puts the frozen teacher into the state and, where its hidden states are kept, computes them. */
async function teach({ options, model, train }: Run, state: DeviceState, parameters: HostArrays, cached: boolean): Promise<TeacherStates | undefined> {
  const frozen = (names: readonly string[]) => Object.fromEntries(names.map((name) => [teacherPrefix + name, parameters[name]!]));
  if (!cached) {
    state.write(frozen(teacherParameters(model, 'snapshot')));
    return undefined;
  }
  options.events?.onMessage?.(`computing the teacher's states of ${train.studies.length} studies`);
  const own = options.device.createState(frozen(teacherParameters(model, 'snapshot')));
  const states = await computeTeacherStates(options.device, own, model, train);
  own.drop();
  state.write(frozen(teacherParameters(model, 'cached')));
  return states;
}
