// A checkpoint is a folder: model.safetensors, config.json, tokenizer.json, of a model that retrieves retrieval.json and, for resuming, optimizer.safetensors, trainer.json and, where the device
// chose by measuring, tuning.json.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, CheckpointConfig, EarlierStage, Model, Stage } from '@hybridmed/model';
import { stageNumbers } from '@hybridmed/model/objective';
import { checkTokenizer, checkConfig, createModel, manifestName } from '@hybridmed/model';
import { checkpointNeededError } from '@hybridmed/model/session';
import { encodeSafetensors } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { TrainerState } from '@hybridmed/training';
import { trainerStateSchema } from '@hybridmed/training';
import { checkRegular, describeError, fileError, isFolder, readableFolder, readJson, replaceFolder } from '../files.ts';
import { localPath } from '../hub/local-path.ts';
import type { CheckpointEncoders } from './checkpoint-encoders.ts';
import { loadModuleEncoders } from './checkpoint-encoders.ts';
import { readRetrieval, retrievalFile } from '../retrieval/retrieval-file.ts';
import type { RetrievalIndex, RetrievedFindings } from '../retrieval/retrieved-findings.ts';
import { retrievedFindings } from '../retrieval/retrieved-findings.ts';
import { readParameters, readSafetensors } from './safetensors-file.ts';

/** What is written: parameters by checkpoint name, and, for resuming, optimizer entries and the trainer's state. */
export interface CheckpointFiles {
  readonly config: CheckpointConfig;
  readonly tokenizer: object;
  readonly parameters: HostArrays;
  readonly optimizer?: HostArrays;
  readonly trainer?: TrainerState;
  /** What the device chose by measuring. */
  readonly tuning?: object;
  /** What the model retrieves from. */
  readonly retrieval?: RetrievalIndex | undefined;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Writes a checkpoint folder, replacing an earlier one only when the new one is whole; the earlier one stays as `keepAs`, if that is given. */
export async function saveCheckpoint(
  folder: string,
  { config, tokenizer, parameters, optimizer, trainer, tuning, retrieval }: CheckpointFiles,
  { keepAs }: { readonly keepAs?: string | undefined } = {},
): Promise<void> {
  const fill = async (temporary: string) => {
    const write = (name: string, chunks: readonly (Uint8Array | string)[]) => writeFile(join(temporary, name), chunks as Iterable<Uint8Array>, { flush: true });
    await write('model.safetensors', encodeSafetensors(parameters));
    await write('config.json', [json(config)]);
    await write('tokenizer.json', [json(tokenizer)]);
    if (retrieval) await write(retrievalFile, [`${JSON.stringify(retrieval)}\n`]);
    if (optimizer) await write('optimizer.safetensors', encodeSafetensors(optimizer));
    if (trainer) await write('trainer.json', [json(trainer)]);
    if (tuning) await write('tuning.json', [json(tuning)]);
  };
  await replaceFolder(folder, fill, keepAs);
}

/** Reads config.json of a checkpoint. Throws one line for a missing or foreign one. */
export async function readConfig(folder: string): Promise<CheckpointConfig> {
  const path = join(folder, 'config.json');
  return checkConfig(path, await readJson(path));
}

/** The configuration and model of a checkpoint, without its parameters. `encoders` are those of modules. Throws one line that names the file. */
export async function checkpointModel(folder: string, encoders: CheckpointEncoders = {}): Promise<{ config: CheckpointConfig; model: Model }> {
  const config = await readConfig(folder);
  return { config, model: createModel(config.model, await loadModuleEncoders(join(folder, 'config.json'), config.model, encoders)) };
}

/** Loads a checkpoint folder for use. `encoders` are those of modules. Throws one line that names the file and what is wrong with it. */
export async function loadCheckpoint(folder: string, encoders: CheckpointEncoders = {}): Promise<Checkpoint> {
  const { config, model } = await checkpointModel(folder, encoders);
  const tokenizerFile = join(folder, 'tokenizer.json');
  const tokenizer = checkTokenizer(tokenizerFile, await readJson(tokenizerFile), config);
  return { config, model, tokenizer, parameters: await readParameters(join(folder, 'model.safetensors'), model.parameters) };
}

/** SHA-256 of a checkpoint's parameters, by which results name the checkpoint they are of. */
export async function hashParameters(folder: string): Promise<string> {
  const file = join(folder, 'model.safetensors');
  await checkRegular(file);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw describeError(file, error);
  }
  return hash.digest('hex');
}

/** The trainer's state. Throws one line that names the file and the field. */
export async function readTrainerState(file: string): Promise<TrainerState> {
  const result = trainerStateSchema.safeParse(await readJson(file));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw fileError(file, `"${path.join('.')}": ${message.replace(/^Invalid input: /, '')}`, 'restore what was written, or start the run anew');
}

/** The optimizer's entries, the trainer's state and the device's choices of a checkpoint made for resuming. */
export async function loadTrainerState(folder: string): Promise<{ optimizer: Record<string, HostArray>; trainer: TrainerState; tuning?: unknown }> {
  const { arrays } = await readSafetensors(join(folder, 'optimizer.safetensors'));
  const tuning = join(folder, 'tuning.json');
  return {
    optimizer: arrays,
    trainer: await readTrainerState(join(folder, 'trainer.json')),
    ...(existsSync(tuning) ? { tuning: (await readJson(tuning)) as unknown } : {}),
  };
}

/** Folders of a run's checkpoints. */
export const checkpointFolder = (run: string, stage: Stage, kind: 'best' | 'last'): string => join(run, 'checkpoints', `stage${stage}-${kind}`);

/** The checkpoint a path (or hf://org/name) means: the folder itself, or a run's best one of the last stage that it has. Throws one line when there is none. */
export async function resolveCheckpoint(name: string): Promise<string> {
  const path = await localPath(name);
  if (!(await isFolder(path))) throw fileError(path, 'is not a folder', 'name a checkpoint or the --out folder of a run');
  if (existsSync(join(path, 'model.safetensors'))) return path;
  for (const stage of stageNumbers.toReversed()) {
    const folder = await readableFolder(checkpointFolder(path, stage, 'best'));
    if (folder !== undefined && existsSync(join(folder, 'model.safetensors'))) return folder;
  }
  if (existsSync(join(path, manifestName))) throw checkpointNeededError(path, 'this');
  throw fileError(path, 'holds no checkpoint', 'name a checkpoint or the --out folder of a run that has finished an epoch');
}

/** The best checkpoint of an earlier stage of another run. Throws one line where it has none. */
export async function stageCheckpoint(name: string, stage: EarlierStage): Promise<string> {
  const run = await localPath(name, { kind: 'model', stage });
  const folder = await readableFolder(checkpointFolder(run, stage, 'best'));
  if (folder === undefined)
    throw fileError(run, `has no stage-${stage} checkpoint`, `name with --stage${stage} a run that finished an epoch of stage ${stage}`);
  return folder;
}

/** A checkpoint, its folder, and what its model reads with findings. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly folder: string;
  readonly retrieval?: RetrievedFindings | undefined;
}

/** Loads the checkpoint that a path means, as `resolveCheckpoint` and `loadCheckpoint` do, with what it retrieves from. */
export async function openCheckpoint(path: string, encoders: CheckpointEncoders = {}): Promise<OpenedCheckpoint> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  if (!checkpoint.config.input.retrieve) return { folder, ...checkpoint };
  const retrieval = retrievedFindings(await readRetrieval(folder));
  return { folder, ...checkpoint, retrieval, extendFindings: (findings) => retrieval.extend(findings) };
}
