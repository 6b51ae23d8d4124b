// What config.json of a checkpoint holds, and its check.
import type { ModelConfig } from '../model/config.ts';
import { fileError } from './file-error.ts';

/** Version of the folder's layout. */
export const formatVersion = 1;

/** How inputs are prepared for a checkpoint's model. */
export interface InputConfig {
  /** Longest side after resizing, in pixels; the crop is the encoder's size. */
  readonly resize: number;
  readonly findingsLength: number;
  readonly impressionLength: number;
}

/** What config.json holds. */
export interface CheckpointConfig {
  readonly formatVersion: number;
  readonly preset: string;
  readonly stage: 1 | 2;
  readonly model: ModelConfig;
  readonly input: InputConfig;
}

/** Checks a parsed config.json. Throws one line for a foreign one. */
export function checkConfig(path: string, value: unknown): CheckpointConfig {
  const config = (value ?? {}) as Partial<CheckpointConfig>;
  if (config.formatVersion !== formatVersion)
    throw fileError(path, `has formatVersion ${String(config.formatVersion)}, this version reads ${formatVersion}`, 'use the version that wrote it');
  if (!config.model?.vision || !config.model.text || !config.model.decoder || !config.input)
    throw fileError(path, 'has no complete "model" and "input"', 'name a checkpoint folder');
  return config as CheckpointConfig;
}
