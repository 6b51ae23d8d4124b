// The check of a config.json before anything is built from it.
import { shown } from '@hybridmed/nn/rules';
import type { CheckpointConfig } from './config.ts';
import { formatVersion } from './config.ts';
import { configProblem } from './config-schema.ts';
import { modelWithCurrentNames } from './earlier-names.ts';
import { fileError } from './file-error.ts';

/** A configuration of version 1 as one of today: sizes had other names. */
const current = (config: Partial<CheckpointConfig>): Partial<CheckpointConfig> =>
  config.formatVersion === 1 ? { ...config, formatVersion, model: modelWithCurrentNames(config.model) as CheckpointConfig['model'] } : config;

/** Checks a parsed config.json, of this version or the one before. Throws one line that names the key and what it must be, for a foreign or damaged one. */
export function checkConfig(path: string, value: unknown): CheckpointConfig {
  const config = current((value ?? {}) as Partial<CheckpointConfig>);
  if (config.formatVersion !== formatVersion)
    throw fileError(path, `has formatVersion ${shown(config.formatVersion)}, this version reads ${formatVersion}`, 'use the version that wrote it');
  const wrong = configProblem(config);
  if (wrong) throw fileError(path, `"${wrong.key}" ${wrong.problem}`, 'restore what was written, or name a checkpoint folder');
  return config as CheckpointConfig;
}
