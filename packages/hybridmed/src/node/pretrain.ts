// Pre-training from a configuration: data, vocabulary, model, both stages, into a run's folder that can be resumed at any moment.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, Loader, Study } from '@hybridmed/data';
import { openDataSet, readableStudies } from '@hybridmed/data';
import { initialize } from '@hybridmed/nn';
import { adapterState, mergeLora } from '@hybridmed/nn/fine-tuning';
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { tokenizerFromJson } from '@hybridmed/text';
import type { Model } from '../model/model.ts';
import { trainable } from '../model/model.ts';
import type { StagePlan } from '../stages/graphs.ts';
import { teacherParameters, teacherPrefix } from '../stages/graphs.ts';
import type { CheckpointConfig, TrainerState } from './checkpoint.ts';
import { checkpointFolder, formatVersion, loadCheckpoint, loadTrainerState, saveCheckpoint } from './checkpoint.ts';
import { fileError, readJson, recoverFolder } from './files.ts';
import { MetricsLog } from './metrics-log.ts';
import type { Session } from './provenance.ts';
import { beginSession } from './provenance.ts';
import type { RunConfig } from './run-config.ts';
import { dataSelection, lossWeights } from './run-config.ts';
import { checkSameRun, createRunFolder } from './run-folder.ts';
import { modelLoader } from './model-loader.ts';
import type { RunEncoders } from './run-encoders.ts';
import { runEncoders } from './run-encoders.ts';
import { runModel } from './run-model.ts';
import type { RunEvents } from './stage.ts';
import { runStage } from './stage.ts';
import { accumulatedStep, wholeStep, zeroMoments } from './stage-step.ts';
import type { TeacherStates } from './teacher-states.ts';
import { computeTeacherStates, teacherBytes } from './teacher-states.ts';
import { EventWriter } from './tensorboard.ts';
import { runTokenizer } from './vocabulary.ts';

/** What a run needs beside its configuration. */
export interface PretrainOptions {
  readonly config: RunConfig;
  readonly out: string;
  readonly device: Device;
  readonly resume?: boolean;
  readonly workers?: number;
  readonly events?: RunEvents;
}

/** What a run leaves. */
export interface PretrainResult {
  readonly out: string;
  /** The best stage-2 checkpoint (stage 1's when stage 2 has no steps). */
  readonly checkpoint: string;
  readonly stages: readonly TrainerState[];
}

// Hidden states of the teacher are kept up to this size; beyond it the teacher runs inside each step.
const maxTeacherBytes = 2 ** 31;

const start = (stage: 1 | 2, metricsLines: number): TrainerState => ({
  stage,
  epoch: 0,
  stepInEpoch: 0,
  step: 0,
  best: null,
  epochsSinceBest: 0,
  finished: false,
  metricsLines,
});

interface Run {
  readonly options: PretrainOptions;
  readonly model: Model;
  readonly encoders: RunEncoders;
  readonly checkpoint: Omit<CheckpointConfig, 'stage'>;
  readonly tokenizer: Tokenizer;
  readonly train: Loader;
  readonly validation: Loader;
  readonly log: MetricsLog;
  readonly session: Session;
}

/** Pre-trains. Throws one line for bad data, bad settings, or a folder that already holds a run (unless resuming). */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { config, out, resume = false, events = {} } = options;
  if (existsSync(join(out, 'run.json'))) {
    if (!resume) throw fileError(out, 'already holds a run', 'continue it with --resume or name another --out');
    await checkSameRun(out, config);
  }
  const data = await openDataSet(config.data, dataSelection(config));
  const run = await prepareRun(options, data);
  try {
    const stages: TrainerState[] = [];
    if (config.stage1 === true && config.epochs[0] > 0) stages.push(await trainStage(run, 1));
    if (config.epochs[1] > 0) stages.push(await trainStage(run, 2));
    events.onMessage?.(`finished: ${out}`);
    const last = stages.at(-1)?.stage ?? 1;
    return { out, checkpoint: checkpointFolder(out, last, 'best'), stages };
  } finally {
    await Promise.all([run.train.close(), run.validation.close()]);
  }
}

/** The best stage-1 checkpoint of another run. */
async function stage1Checkpoint(run: string): Promise<string> {
  const folder = checkpointFolder(run, 1, 'best');
  await recoverFolder(folder);
  if (!existsSync(folder)) throw fileError(run, 'has no stage-1 checkpoint', 'name with --stage1 a run that finished an epoch of stage 1');
  return folder;
}

// Where worker threads find the tokenizer.
const tokenizerModule = import.meta.resolve('@hybridmed/text/worker-tokenizer');

const limited = (studies: readonly Study[], limit: number): readonly Study[] => (limit > 0 ? studies.slice(0, limit) : studies);

async function prepareRun(options: PretrainOptions, data: DataSet): Promise<Run> {
  const { config, out, workers } = options;
  const of = async (split: Study['split']) => {
    const { studies, unreadable } = await readableStudies(
      limited(
        data.studies.filter((study) => study.split === split),
        config.limit,
      ),
    );
    for (const line of unreadable) options.events?.onMessage?.(`left out: ${line}`);
    return studies;
  };
  const [training, validating] = [await of('train'), await of('validate')];
  const dropped = Object.entries(data.dropped).map(([reason, count]) => `${count}: ${reason}`);
  options.events?.onMessage?.(
    `data: ${training.length} training and ${validating.length} validation studies${dropped.length > 0 ? `; dropped ${dropped.join('; ')}` : ''}`,
  );
  if (training.length < config.batch * config.accumulate)
    throw new HybridmedError(
      `${config.data}: ${training.length} training studies are fewer than one batch of ${config.batch * config.accumulate}; lower --batch or --accumulate`,
    );
  if (validating.length === 0) throw new HybridmedError(`${config.data}: no validation studies; add some (column "split")`);
  // A run has the vocabulary it began with, or that of the stage 1 it starts from.
  const earlier = existsSync(join(out, 'tokenizer.json')) ? out : typeof config.stage1 === 'string' ? await stage1Checkpoint(config.stage1) : undefined;
  const tokenizer = earlier === undefined ? await runTokenizer(config, training) : tokenizerFromJson(await readJson(join(earlier, 'tokenizer.json')));
  const encoders = await runEncoders(config, tokenizer, options.events?.onMessage);
  const { sizes, input, given } = encoders;
  const model = runModel(sizes, given, config);
  const common = { tokenizer, tokenizerModule, ...(workers === undefined ? {} : { workers }), seed: config.seed };
  const prepared = { vision: model.vision, input };
  return {
    options,
    model,
    encoders,
    checkpoint: { formatVersion, preset: config.preset, model: sizes, input },
    tokenizer,
    train: modelLoader(prepared, {
      ...common,
      studies: training,
      batchSize: config.batch * config.accumulate,
      train: true,
      sampling: { by: config.sampling },
      augmentation: config.augment,
    }),
    validation: modelLoader(prepared, { ...common, studies: validating, batchSize: 32, train: false }),
    log: new MetricsLog(join(out, 'metrics.jsonl')),
    session: await beginSession(out, options.device, data, { train: training, validate: validating }),
  };
}

/** Values of published checkpoints, and start values of everything else. */
async function startValues({ encoders, model, options }: Run): Promise<HostArrays> {
  const loaded = await encoders.load();
  const others = Object.fromEntries(Object.entries(model.parameters).filter(([name]) => !loaded[name]));
  return { ...initialize(others, options.config.seed), ...loaded };
}

/** Parameters a stage begins with: a resumed checkpoint's, stage 1's best, or start values. */
async function startingPoint(run: Run, stage: 1 | 2): Promise<{ parameters: HostArrays; optimizer?: HostArrays; trainer: TrainerState; teacher: HostArrays }> {
  const { options } = run;
  const { config, out } = options;
  const stage1 = typeof config.stage1 === 'string' ? config.stage1 : config.stage1 ? out : null;
  const first =
    stage === 2 && stage1 !== null && existsSync(checkpointFolder(stage1, 1, 'best'))
      ? (await loadCheckpoint(checkpointFolder(stage1, 1, 'best'), run.encoders.given)).parameters
      : undefined;
  const last = checkpointFolder(out, stage, 'last');
  await recoverFolder(last);
  await recoverFolder(checkpointFolder(out, stage, 'best'));
  if (options.resume && existsSync(join(last, 'trainer.json'))) {
    const { parameters } = await loadCheckpoint(last, run.encoders.given);
    const { optimizer, trainer } = await loadTrainerState(last);
    return { parameters, optimizer, trainer, teacher: first ?? (await startValues(run)) };
  }
  const initial = await startValues(run);
  const base = first ? { ...initial, ...stage1Parameters(first, run) } : initial;
  const before =
    stage === 2 && existsSync(join(checkpointFolder(out, 1, 'last'), 'trainer.json'))
      ? (await loadTrainerState(checkpointFolder(out, 1, 'last'))).trainer.metricsLines
      : 0;
  return { parameters: base, trainer: start(stage, before), teacher: first ?? initial };
}

/** What stage 1 trained, of a checkpoint that holds everything. */
function stage1Parameters(parameters: HostArrays, { model }: Run): HostArrays {
  const names = teacherParameters(model, 'snapshot');
  return Object.fromEntries(names.map((name) => [name, parameters[name]!]));
}

function planOf(config: RunConfig, stage: 1 | 2, cached: boolean): StagePlan {
  const { temperature, tau, duplicates, remat } = config;
  if (stage === 1) return { stage: 1, remat };
  return {
    stage: 2,
    remat,
    weights: lossWeights(config),
    temperature,
    tau,
    duplicates,
    teacher: config.teacher === 'live' ? 'live' : cached ? 'cached' : 'snapshot',
  };
}

async function trainStage(run: Run, stage: 1 | 2): Promise<TrainerState> {
  const { options, model, log } = run;
  const { config, out, device, events = {} } = options;
  if (trainable(model, stage).length === 0)
    throw new HybridmedError(`stage ${stage}: everything it trains is frozen; freeze less, or leave the stage out (--no-stage1, or 0 epochs)`);
  const begin = await startingPoint(run, stage);
  if (begin.trainer.finished) {
    events.onMessage?.(`stage ${stage} is finished`);
    return begin.trainer;
  }
  const state = device.createState({ ...begin.parameters, ...(begin.optimizer ?? zeroMoments(model, stage)) });
  const distilled = stage === 2 && config.dis !== 0 && config.teacher === 'snapshot';
  const cached = distilled && teacherBytes(run.train, model) <= maxTeacherBytes;
  const teacher = distilled ? await teach(run, state, begin.teacher, cached) : undefined;
  const plan = planOf(config, stage, cached);
  const optimizer = { weightDecay: config.weightDecay, clip: config.clip };
  const step =
    config.accumulate > 1
      ? await accumulatedStep(device, state, model, plan, config.seed, optimizer, config.accumulate)
      : await wholeStep(device, state, model, plan, config.seed, optimizer);
  let writer: EventWriter | undefined;
  const save = async (kind: 'last' | 'best', trainer: TrainerState) => {
    const parameters = mergeLora(await state.read(Object.keys(model.parameters)));
    const kept = [...Object.keys(zeroMoments(model, stage)), ...adapterState(model.parameters)];
    const extra = kind === 'last' ? { optimizer: await state.read(kept), trainer } : {};
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
