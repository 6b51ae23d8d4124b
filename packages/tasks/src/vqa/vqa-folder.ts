// A fitted model of visual question answering on disk: two sets of parameters (with and without its image), settings, tokenizer.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, CheckpointConfig } from '@hybridmed/model';
import { checkConfig, checkTokenizer, createModel } from '@hybridmed/model';
import type { Rule } from '@hybridmed/nn/rules';
import { count, firstProblem, line, list, oneOf, rate, shown } from '@hybridmed/nn/rules';
import { encodeSafetensors } from '@hybridmed/nn';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { loadModuleEncoders, readParameters } from '@hybridmed/runtime';
import { fileError, isFolder, readJson, replaceFolder } from '@hybridmed/runtime/files';
import type { HostArrays } from '@hybridmed/tensor';
import type { AnswerMode, VqaConfig } from './vqa-model.ts';
import { vqaModel } from './vqa-model.ts';
import type { QuestionSplit } from './questions.ts';

/** Version of the folder's layout. */
const formatVersion = 1;

/** What vqa.json holds. */
export interface VqaSettings {
  readonly formatVersion: number;
  readonly mode: AnswerMode;
  readonly depth: number;
  readonly dropout: number;
  /** Answers that the head chooses among; empty when answers are written. */
  readonly answers: readonly string[];
  /** Of the checkpoint that was fitted. */
  readonly checkpoint: CheckpointConfig;
  readonly checkpointHash: string;
  readonly fromScratch: boolean;
  readonly data: string;
  readonly questionSplit: QuestionSplit;
  readonly seed: number;
  readonly counts: Readonly<Record<'train' | 'validate', number>>;
  /** Hash of the training questions' ids. */
  readonly trainIds: string;
  /** What was chosen on the validation questions, by system. */
  readonly chosen: Readonly<Record<'model' | 'questionOnly', { readonly validation: number; readonly bestStep: number; readonly steps: number }>>;
}

/** The file that says that a folder is one. */
export const settingsName = 'vqa.json';

const files = { model: 'model.safetensors', questionOnly: 'question-only.safetensors' } as const;

/** Writes a model's folder, whole or not at all. */
export async function saveVqa(
  folder: string,
  settings: Omit<VqaSettings, 'formatVersion'>,
  tokenizer: object,
  parameters: Readonly<Record<keyof typeof files, HostArrays>>,
): Promise<void> {
  await replaceFolder(folder, async (temporary) => {
    const write = (name: string, chunks: readonly (Uint8Array | string)[]) => writeFile(join(temporary, name), chunks as Iterable<Uint8Array>, { flush: true });
    for (const key of ['model', 'questionOnly'] as const) await write(files[key], encodeSafetensors(parameters[key]));
    await write('tokenizer.json', [`${JSON.stringify(tokenizer)}\n`]);
    await write(settingsName, [`${JSON.stringify({ formatVersion, ...settings }, undefined, 2)}\n`]);
  });
}

/** The configurations of both systems of a folder. */
export const configsOf = ({
  mode,
  depth,
  dropout,
  answers,
}: Pick<VqaSettings, 'mode' | 'depth' | 'dropout' | 'answers'>): Record<'model' | 'questionOnly', VqaConfig> => {
  const common = { mode, depth, dropout, answers: answers.length };
  return { model: { ...common, usesImage: true }, questionOnly: { ...common, usesImage: false } };
};

const settingsFields = {
  mode: oneOf('classify', 'generate'),
  depth: count(256),
  dropout: rate,
  answers: list(line(10_000), 2 ** 20),
} satisfies Partial<Record<keyof VqaSettings, Rule>>;

/** Checks what vqa.json held: what decides how much is built. Throws one line that names the key. */
function checkSettings(path: string, value: unknown): VqaSettings {
  const settings = (value ?? {}) as VqaSettings;
  if (settings.formatVersion !== formatVersion)
    throw fileError(path, `has formatVersion ${shown(settings.formatVersion)}, this version reads ${formatVersion}`, 'use the version that wrote it');
  const { mode, depth, dropout, answers } = settings;
  const wrong = firstProblem({ mode, depth, dropout, answers }, settingsFields);
  if (wrong) throw fileError(path, `"${wrong.key}" ${wrong.problem}`, 'restore the file that was saved with the model');
  return { ...settings, checkpoint: checkConfig(`${path}: "checkpoint"`, settings.checkpoint) };
}

/** A model's folder whose settings were read; parameters are read when they are asked for. */
export interface VqaFolder {
  readonly settings: VqaSettings;
  readonly checkpoint: Omit<Checkpoint, 'parameters'>;
  /** The parameters of a system. Throws one line that names file and tensor where they are not the model's. */
  read(system: keyof typeof files): Promise<HostArrays>;
}

/** Opens a model's folder. Throws one line for a folder that is none, files that do not fit together, or a module's encoder that is not named. */
export async function openVqaFolder(folder: string, encoders: CheckpointEncoders = {}): Promise<VqaFolder> {
  if (!(await isFolder(folder))) throw fileError(folder, 'is not a folder', 'name the --out folder of `hybridmed vqa train`');
  const path = join(folder, settingsName);
  const settings = checkSettings(path, await readJson(path));
  const tokenizerFile = join(folder, 'tokenizer.json');
  const tokenizer = checkTokenizer(tokenizerFile, await readJson(tokenizerFile), settings.checkpoint);
  const model = createModel(settings.checkpoint.model, await loadModuleEncoders(path, settings.checkpoint.model, encoders));
  const configs = configsOf(settings);
  return {
    settings,
    checkpoint: { config: settings.checkpoint, model, tokenizer },
    read: (system) => readParameters(join(folder, files[system]), vqaModel(model, configs[system]).parameters),
  };
}

/** Reads a model's folder with the parameters of both systems. Throws as `openVqaFolder` and its `read` do. */
export async function loadVqa(
  folder: string,
  encoders: CheckpointEncoders = {},
): Promise<{ settings: VqaSettings; checkpoint: Checkpoint; parameters: Record<keyof typeof files, HostArrays> }> {
  const { settings, checkpoint, read } = await openVqaFolder(folder, encoders);
  const parameters = { model: await read('model'), questionOnly: await read('questionOnly') };
  return { settings, checkpoint: { ...checkpoint, parameters: parameters.model }, parameters };
}
