// What a run has before its first step: readable studies, tokenizer, model, loaders, log.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, Loader, Study } from '@hybridmed/data';
import { readableStudies } from '@hybridmed/data';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { openTokenizer } from '../../checkpoint/checkpoint.ts';
import type { Model } from '../../model/model.ts';
import type { CheckpointConfig } from '../../checkpoint/config.ts';
import { formatVersion } from '../../checkpoint/config.ts';
import { checkpointFolder } from '../checkpoint/checkpoint.ts';
import { fileError, readJson, recoverFolder } from '../files.ts';
import type { RunConfig } from '../run/config.ts';
import type { RunEncoders } from '../run/encoders.ts';
import { runEncoders } from '../run/encoders.ts';
import { runModel } from '../run/model.ts';
import type { Session } from '../run/provenance.ts';
import { beginSession } from '../run/provenance.ts';
import { runTokenizer } from '../run/vocabulary.ts';
import { MetricsLog } from './metrics-log.ts';
import { modelLoader } from './model-loader.ts';
import type { RunEvents } from './stage.ts';

/** What a run needs beside its configuration. */
export interface PretrainOptions {
  readonly config: RunConfig;
  readonly out: string;
  readonly device: Device;
  readonly resume?: boolean;
  readonly workers?: number;
  readonly events?: RunEvents;
}

/** A run, ready to train. */
export interface Run {
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

/** The best stage-1 checkpoint of another run. */
async function stage1Checkpoint(run: string): Promise<string> {
  const folder = checkpointFolder(run, 1, 'best');
  await recoverFolder(folder);
  if (!existsSync(folder)) throw fileError(run, 'has no stage-1 checkpoint', 'name with --stage1 a run that finished an epoch of stage 1');
  return folder;
}

async function savedTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json');
  return openTokenizer(file, await readJson(file));
}

// Where worker threads find the tokenizer.
const tokenizerModule = import.meta.resolve('@hybridmed/text/worker-tokenizer');

const limited = (studies: readonly Study[], limit: number): readonly Study[] => (limit > 0 ? studies.slice(0, limit) : studies);

/** Opens and checks everything that a run needs. Throws one line for too few studies, a missing stage 1, or encoders that do not fit. */
export async function prepareRun(options: PretrainOptions, data: DataSet): Promise<Run> {
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
  const tokenizer = earlier === undefined ? await runTokenizer(config, training) : await savedTokenizer(earlier);
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
