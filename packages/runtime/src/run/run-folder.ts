// The files by which a run's folder is recognized: its configuration and its tokenizer.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer } from '@hybridmed/text';
import { fileError, readJson, writeFileAtomic } from '../files.ts';
import { checkValues } from '../settings/check-values.ts';
import type { RunConfig, RunOptions } from '../settings/run-settings.ts';
import { changeableSettings, completeConfig, runSettings } from '../settings/run-settings.ts';
import type { Change } from './provenance.ts';

/** A run's configuration. Settings that the version which wrote it did not know have their defaults. Throws one line where the folder holds no run. */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const file = join(run, 'run.json');
  if (!existsSync(file)) throw fileError(run, 'holds no run.json', "name a run's --out folder");
  const saved = checkValues(file, await readJson(file), runSettings) as Partial<RunOptions>;
  if (saved.data === undefined) throw fileError(file, 'names no "data"', "restore it, or name a run's --out folder");
  return completeConfig({ ...saved, data: saved.data });
}

/** A run in a folder must be the same run, but for the settings that may change: gives those that do. Throws one line for any other. */
export async function checkSameRun(out: string, config: RunConfig, mayChange: readonly (keyof RunConfig)[] = []): Promise<readonly Change[]> {
  const saved = await readRunConfig(out);
  const changes: Change[] = [];
  for (const key of Object.keys(config) as (keyof RunConfig)[]) {
    if (mayChange.includes(key) && saved[key] !== config[key]) changes.push({ setting: key, from: saved[key], to: config[key] });
    else if (JSON.stringify(saved[key]) !== JSON.stringify(config[key]))
      throw fileError(
        join(out, 'run.json'),
        `"${key}" is ${JSON.stringify(saved[key])}, this command says ${JSON.stringify(config[key])}`,
        'resume with the same settings or name another --out',
      );
  }
  return changes;
}

/** Makes a run's folder where there is none, once a first step has shown that the run can be; where there is one, its settings are what they have become. */
export async function createRunFolder(out: string, config: RunConfig, tokenizer: Tokenizer): Promise<void> {
  const file = join(out, 'run.json');
  if (!existsSync(file)) await writeFileAtomic(join(out, 'tokenizer.json'), [`${JSON.stringify(tokenizer)}\n`]);
  else if ((await checkSameRun(out, config, changeableSettings)).length === 0) return;
  await writeFileAtomic(file, [`${JSON.stringify(config, undefined, 2)}\n`]);
}
