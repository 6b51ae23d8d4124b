// The check of a config.json before anything is built from it.
import type { CheckpointConfig } from './config.ts';
import { formatVersion } from './config.ts';
import { configProblem } from './config-schema.ts';
import { fileError } from './file-error.ts';
import { shown } from './rules.ts';

/** Checks a parsed config.json. Throws one line that names the key and what it must be, for a foreign or damaged one. */
export function checkConfig(path: string, value: unknown): CheckpointConfig {
  const config = (value ?? {}) as Partial<CheckpointConfig>;
  if (config.formatVersion !== formatVersion)
    throw fileError(path, `has formatVersion ${shown(config.formatVersion)}, this version reads ${formatVersion}`, 'use the version that wrote it');
  const wrong = configProblem(value);
  if (wrong) throw fileError(path, `"${wrong.key}" ${wrong.problem}`, 'restore what was written, or name a checkpoint folder');
  return config as CheckpointConfig;
}
