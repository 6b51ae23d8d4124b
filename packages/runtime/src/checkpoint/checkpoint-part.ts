// One encoder of a checkpoint without its other parts, so that no module has to be named for it.
import { join } from 'node:path';
import type { CheckpointConfig } from '@hybridmed/model';
import { checkParameters, checkTokenizer } from '@hybridmed/model';
import type { ParameterSpecs } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { readJson } from '../files.ts';
import type { CheckpointEncoders } from './checkpoint-encoders.ts';
import { checkNamed } from './checkpoint-encoders.ts';
import { readConfig, resolveCheckpoint } from './checkpoint-folder.ts';
import { readSafetensors } from './safetensors-file.ts';

/** An encoder of a checkpoint. */
export interface CheckpointPart {
  readonly folder: string;
  readonly config: CheckpointConfig;
  readonly tokenizer: Tokenizer;
  /** Its parameters under its own names. */
  readonly parameters: HostArrays;
}

/** What a part is. */
export interface CheckpointPartOptions {
  /** What the encoder must consist of; what it throws ends the loading before a parameter is read. */
  specsOf(config: CheckpointConfig): ParameterSpecs;
  /** Modules as for a whole checkpoint; none of them is run. */
  readonly encoders?: CheckpointEncoders | undefined;
}

/**
 * Loads the encoder of a checkpoint, or of a run's best one. Throws one line that names the file and what is wrong with it.
 */
export async function openCheckpointPart(path: string, part: 'vision' | 'text', { specsOf, encoders = {} }: CheckpointPartOptions): Promise<CheckpointPart> {
  const folder = await resolveCheckpoint(path);
  const config = await readConfig(folder);
  checkNamed(join(folder, 'config.json'), config.model, encoders);
  const specs = specsOf(config);
  const tokenizerFile = join(folder, 'tokenizer.json');
  const tokenizer = checkTokenizer(tokenizerFile, await readJson(tokenizerFile), config);
  const file = join(folder, 'model.safetensors');
  const prefix = `${part}.`;
  const { arrays } = await readSafetensors(file, (name) => name.startsWith(prefix));
  checkParameters(file, arrays, Object.fromEntries(Object.entries(specs).map(([name, spec]) => [prefix + name, spec])));
  const parameters = Object.fromEntries(Object.entries(arrays).map(([name, value]) => [name.slice(prefix.length), value]));
  return { folder, config, tokenizer, parameters };
}
