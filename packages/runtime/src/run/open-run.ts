// Opens what a run has before its first step: readable studies, tokenizer, encoders, model, and the contracts of training on disk and threads.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, Sampling, Study } from '@hybridmed/data';
import type { CheckpointConfig, Model, Stage } from '@hybridmed/model';
import { formatVersion, openTokenizer } from '@hybridmed/model';
import { alone, broadcastText } from '@hybridmed/ranks';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { RunOutcome, TrainingRun } from '@hybridmed/training';
import { runSettings } from '../settings/run-settings.ts';
import { checkPasses, runModel, sharedStore, stagesToTrain } from '@hybridmed/training';
import type { TrainingConfig } from '@hybridmed/training/settings';
import { stageSettings } from '@hybridmed/training/settings';
import { stageCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { openLoggers } from '../logging/run-loggers.ts';
import { openFeatureKeeping } from '../cache/feature-keeping.ts';
import { readJson } from '../files.ts';
import { readableStudies } from '../session/readable-studies.ts';
import { openRetrieval } from '../retrieval/open-retrieval.ts';
import { retrievedFindings } from '../retrieval/retrieved-findings.ts';
import { modelInput } from '../session/study-loader.ts';
import { runTokenizer } from '../tokenizer/run-tokenizer.ts';
import { agreeOnRun, sharedTokenizer } from './agreement.ts';
import { processClock } from './process-clock.ts';
import { labelWeights } from './label-sampling.ts';
import type { RunConfig } from '../settings/run-settings.ts';
import type { PretrainOptions } from './pretrain-options.ts';
import type { Change, RecordedData } from './provenance.ts';
import type { HubSources, SourceHashes } from './source-settings.ts';
import { beginSession, checkSameData, earlierSources, recordData, skippedStudies } from './provenance.ts';
import type { RunEncoders } from './run-encoders.ts';
import { runEncoders } from './run-encoders.ts';
import type { RunHold } from './run-lock.ts';
import { headNote, leavesHead, openLabels } from './run-labels.ts';
import { runNotes } from './run-notes.ts';
import type { RunStudies } from './run-sources.ts';
import { runSources } from './run-sources.ts';
import { folderStore } from './run-store.ts';
import { sourceChanges, sourceHashes } from './source-identity.ts';
import { textScorer } from './text-scorer.ts';

/** How a run's folder was found: held by rank 0, and with what changed since it stopped. */
export interface RunContext {
  readonly hold: RunHold | undefined;
  readonly changed: readonly Change[];
  /** What of its sources is a hub's. */
  readonly hub: HubSources;
}

/** A run that is open, with what it holds open. */
export interface OpenRun extends TrainingRun {
  /** Closes it; its loggers are told how training ended. */
  close(outcome: RunOutcome): Promise<void>;
}

/** Readable studies of both splits. Throws one line where there are too few. */
async function openStudies({ config, events, out, ranks = alone }: PretrainOptions, data: DataSet): Promise<RunStudies> {
  const { limit } = config;
  // The run's folder is rank 0's.
  const skipped = await broadcastText(ranks, JSON.stringify((await skippedStudies(out)).map(({ id }) => id)));
  const keep = new Set(JSON.parse(skipped) as string[]);
  const of = async (split: Study['split']) => {
    const all = data.studies.filter((study) => study.split === split);
    const { studies, unreadable } = await readableStudies(limit > 0 ? all.slice(0, limit) : all, split === 'train' ? { shards: false, keep } : {});
    for (const line of unreadable) events?.onMessage?.(`left out: ${line}`);
    return studies;
  };
  const [train, validate] = [await of('train'), await of('validate')];
  const dropped = Object.entries(data.dropped).map(([reason, count]) => `${count}: ${reason}`);
  events?.onMessage?.(`data: ${train.length} training and ${validate.length} validation studies${dropped.length > 0 ? `; dropped ${dropped.join('; ')}` : ''}`);
  for (const stage of stagesToTrain(config)) {
    const { batch, accumulate } = stageSettings(config, stage);
    const ofStage = config.stages[stage] ? ` of stage ${stage}` : '';
    if (train.length < batch * accumulate)
      throw new HybridmedError(
        `${config.data}: ${train.length} training studies are fewer than one batch of ${batch * accumulate}${ofStage}; lower --batch or --accumulate`,
      );
  }
  if (validate.length === 0) throw new HybridmedError(`${config.data}: no validation studies; add some (column "split")`);
  return { train, validate };
}

/** The run's vocabulary: the one it began with (a file in a folder that holds no run yet is none of it), that of the stage 1 it starts from, or a new one. */
async function openRunTokenizer({ config, out }: PretrainOptions, training: readonly Study[]): Promise<Tokenizer> {
  const earlier =
    existsSync(join(out, 'run.json')) && existsSync(join(out, 'tokenizer.json'))
      ? out
      : typeof config.stage1 === 'string'
        ? await stageCheckpoint(config.stage1, 1)
        : undefined;
  if (earlier === undefined) return runTokenizer(config, training);
  const file = join(earlier, 'tokenizer.json');
  return openTokenizer(file, await readJson(file));
}

/** The order that each stage's settings name; of labels a line says which. */
function samplingsOf({ config, events }: PretrainOptions, stages: readonly Stage[], training: readonly Study[]): (own: RunConfig) => Sampling {
  const orders = new Set(stages.map((stage) => stageSettings(config, stage).sampling));
  if (config.shuffleBuffer !== runSettings.shuffleBuffer.default && !orders.has('shard'))
    throw new HybridmedError(
      `"shuffleBuffer" is that of "sampling": "shard", not of "${[...orders].join('", "')}"; give --sampling shard, or leave --shuffle-buffer out`,
    );
  const labels = orders.has('labels') ? labelWeights(training) : undefined;
  if (labels) events?.onMessage?.(labels.note);
  return ({ sampling, shuffleBuffer }) => {
    if (sampling === 'shard') return { by: sampling, buffer: shuffleBuffer };
    return sampling === 'labels' ? { by: 'weight', weights: labels!.weights } : { by: sampling };
  };
}

/** What a checkpoint of a stage says of itself. */
function checkpointOf(
  config: RunConfig,
  { sizesOf, input }: RunEncoders,
  stage: Stage,
  { model, retrieve }: { model?: Model | undefined; retrieve?: number | undefined },
): CheckpointConfig {
  const { labels, ...sizes } = sizesOf(stageSettings(config, stage));
  const stale = stage === 2 && leavesHead(config, model) ? { stale: true } : {};
  return {
    formatVersion,
    preset: config.preset,
    stage,
    model: { ...sizes, ...(labels ? { labels: { ...labels, ...stale } } : {}) },
    input: { ...input, ...(retrieve === undefined ? {} : { retrieve }) },
  };
}

/** The model of each stage, before the first: a name that matches nothing is said at once, and so is a head that a stage leaves behind. */
function stageModels({ config, events }: PretrainOptions, stages: readonly Stage[], encoders: RunEncoders): ReadonlyMap<Stage, Model> {
  const modelOf = (own: TrainingConfig) => runModel(encoders.sizesOf(own), encoders.ofModules, own);
  const models = new Map(stages.map((stage) => [stage, modelOf(stageSettings(config, stage))]));
  const note = headNote(config, models.get(2));
  if (note !== undefined) events?.onMessage?.(note);
  return models;
}

/** What of the data and of the settings' files is other than before, said line by line. Throws one line where that is not accepted. */
async function acceptedChanges({ config, out, events, acceptChangedData: accept = false }: PretrainOptions, recorded: RecordedData, hashes: SourceHashes) {
  const otherData = await checkSameData(out, recorded, { accept });
  const otherSources = sourceChanges(config, { before: await earlierSources(out), now: hashes, out, accept });
  for (const { setting } of otherSources) events?.onMessage?.(`the ${setting} have changed, which is accepted`);
  for (const { to } of otherData) events?.onMessage?.(`the data has changed, which is accepted: ${String(to)}`);
  return [...otherData, ...otherSources];
}

/** Opens and checks everything that a run needs. Throws one line for too few studies, a missing stage 1, or encoders that do not fit. */
export async function openRun(options: PretrainOptions, data: DataSet, { changed, hold, hub }: RunContext): Promise<OpenRun> {
  const { config, out, device, resume = false, events = {}, signal, ranks = alone } = options;
  const stages = stagesToTrain(config);
  for (const stage of stages) checkPasses(stageSettings(config, stage).accumulate, ranks);
  const studies = await openStudies(options, data);
  const record = await recordData(data, studies);
  const recorded = record(await skippedStudies(out));
  const hashes = await sourceHashes(config);
  const accepted = hold ? await acceptedChanges(options, recorded, hashes) : [];
  const tokenizer = await sharedTokenizer(ranks, () => openRunTokenizer(options, studies.train));
  const labels = await openLabels(options, studies);
  const encoders = await runEncoders(config, tokenizer, { labels: labels?.config, onMessage: events.onMessage });
  const index = openRetrieval(config, studies.train, tokenizer, events.onMessage);
  const retrieval = index && retrievedFindings(index);
  const read = retrieval?.studies(studies.train) ?? studies.train;
  for (const line of runNotes(stageSettings(config, 2), encoders.input, tokenizer, read)) events.onMessage?.(line);
  const models = stageModels(options, stages, encoders);
  const model = models.get(stages[0]!)!;
  await agreeOnRun(ranks, { config, device, data: recorded, model, tokenizer });
  const loggers = openLoggers(options, hub);
  const facts = { record, sources: hashes, hub, changed: [...changed, ...accepted], assumed: encoders.assumed, images: encoders.images };
  const store = hold
    ? folderStore({
        out,
        config,
        resume,
        checkpoint: (stage) => checkpointOf(config, encoders, stage, { model: models.get(stage), retrieve: index?.k }),
        retrieval: index,
        tokenizer,
        encoders: encoders.ofModules,
        hold,
        loggers,
        onMessage: events.onMessage,
        session: await beginSession(out, device, facts),
      })
    : undefined;
  const reading = { samplingOf: samplingsOf(options, stages, studies.train), retrieval, labels };
  const sources = runSources(options, modelInput(model.vision, encoders.input), tokenizer, studies, reading);
  return {
    config,
    device,
    model,
    train: await sources.openTrain(stageSettings(config, stages[0]!)),
    validation: sources.validation,
    openStage: async (stage) => ({ model: models.get(stage)!, train: await sources.openTrain(stageSettings(config, stage)) }),
    close: async (outcome) => {
      await loggers.end(outcome);
      await sources.close();
    },
    store: sharedStore(ranks, store),
    textScorer: textScorer(tokenizer, studies.validate, encoders.input, model),
    ranks,
    clock: processClock,
    features: await openFeatureKeeping(options.cache ?? {}, { processes: ranks.size, onMessage: events.onMessage }),
    events,
    signal,
    encoderValues: encoders.load,
  };
}
