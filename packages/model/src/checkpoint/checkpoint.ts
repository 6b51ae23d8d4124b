// A checkpoint in memory: the contents of its files, validated against each other, whether read from a folder or fetched by a page.
import type { ParameterSpecs } from '@hybridmed/nn';
import { parseSafetensors } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { tokenizerFromJson } from '@hybridmed/text';
import type { ModuleEncoders, Model } from '../model/model.ts';
import { createModel } from '../model/model.ts';
import type { CheckpointConfig } from './config.ts';
import { checkConfig } from './check-config.ts';
import { fileError, parseJson } from './file-error.ts';

/** A checkpoint in memory. */
export interface Checkpoint {
  readonly config: CheckpointConfig;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly parameters: HostArrays;
  /** Findings as the model reads them, with what was retrieved, where it was trained so. */
  readonly extendFindings?: ((findings: string) => string) | undefined;
}

/** Tensors of a file by name, read or only listed. */
export type TensorShapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** Throws one line that names the first tensor that is missing, of another shape, or not of the model. */
export function checkParameters(file: string, arrays: TensorShapes, specs: ParameterSpecs): void {
  for (const [name, { shape }] of Object.entries(specs)) {
    const array = arrays[name];
    if (!array) throw fileError(file, `tensor "${name}" is missing`, 'the checkpoint is of another model or preset');
    if (array.shape.join() !== shape.join())
      throw fileError(
        file,
        `tensor "${name}" has shape [${array.shape.join(', ')}], the model needs [${shape.join(', ')}]`,
        'the checkpoint is of another model, preset or vocabulary',
      );
  }
  const extra = Object.keys(arrays).find((name) => !specs[name]);
  if (extra) throw fileError(file, `tensor "${extra}" is not of this model`, 'the checkpoint is of another model or preset');
}

/** The tokenizer of a parsed tokenizer.json. Throws one line that names the file for one that is damaged. */
export function openTokenizer(file: string, json: unknown): Tokenizer {
  try {
    return tokenizerFromJson(json);
  } catch (error) {
    throw fileError(file, (error as Error).message, 'restore the file that was saved with the model');
  }
}

/** `openTokenizer`, for a model. Throws one line for one that is not of this model, too. */
export function checkTokenizer(file: string, json: unknown, { model }: CheckpointConfig): Tokenizer {
  const tokenizer = openTokenizer(file, json);
  if (tokenizer.vocabularySize !== model.text.vocabularySize)
    throw fileError(file, `has ${tokenizer.vocabularySize} tokens, the model ${model.text.vocabularySize}`, 'restore the file that was saved with the model');
  return tokenizer;
}

/** A checkpoint's three files by name, as they were fetched. */
export type CheckpointBytes = Readonly<Record<'config.json' | 'tokenizer.json' | 'model.safetensors', Uint8Array>>;

/**
 * Builds a checkpoint from its files' bytes. `folder` is for messages; `encoders` are those of modules. Throws one line that names the file
 * and what is wrong with it, as reading the folder would.
 */
export function parseCheckpoint(folder: string, bytes: CheckpointBytes, encoders: ModuleEncoders = {}): Checkpoint {
  const path = (name: keyof CheckpointBytes) => `${folder}/${name}`;
  const json = (name: keyof CheckpointBytes): unknown => parseJson(path(name), new TextDecoder().decode(bytes[name]));
  const config = checkConfig(path('config.json'), json('config.json'));
  const model = createModel(config.model, encoders);
  const tokenizer = checkTokenizer(path('tokenizer.json'), json('tokenizer.json'), config);
  const { arrays } = parseSafetensors(bytes['model.safetensors'], path('model.safetensors'));
  checkParameters(path('model.safetensors'), arrays, model.parameters);
  return { config, model, tokenizer, parameters: arrays };
}
