// The files that identify a run's folder: its configuration and its tokenizer.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer } from '@hybridmed/text';
import type { RunConfig } from '@hybridmed/training/settings';
import { checkSettings, completeConfig } from '@hybridmed/training/settings';
import { fileError, readJson, writeFileAtomic } from '../files.ts';

/** A run's configuration. Settings that the version which wrote it did not know have their defaults. Throws one line where the folder holds no run. */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const file = join(run, 'run.json');
  if (!existsSync(file)) throw fileError(run, 'holds no run.json', "name a run's --out folder");
  const saved = checkSettings(file, await readJson(file));
  if (saved.data === undefined) throw fileError(file, 'names no "data"', "restore it, or name a run's --out folder");
  return completeConfig({ ...saved, data: saved.data });
}

/** Throws one line that names the setting where a resumed run's settings differ from the saved ones. */
export async function checkSameRun(out: string, config: RunConfig): Promise<void> {
  const saved = await readRunConfig(out);
  for (const key of Object.keys(config) as (keyof RunConfig)[]) {
    if (JSON.stringify(saved[key]) !== JSON.stringify(config[key]))
      throw fileError(
        join(out, 'run.json'),
        `"${key}" is ${JSON.stringify(saved[key])}, this command says ${JSON.stringify(config[key])}`,
        'resume with the same settings or name another --out',
      );
  }
}

/** Makes a run's folder where there is none, after its first step has succeeded. */
export async function createRunFolder(out: string, config: RunConfig, tokenizer: Tokenizer): Promise<void> {
  if (existsSync(join(out, 'run.json'))) return;
  await writeFileAtomic(join(out, 'tokenizer.json'), [`${JSON.stringify(tokenizer)}\n`]);
  await writeFileAtomic(join(out, 'run.json'), [`${JSON.stringify(config, undefined, 2)}\n`]);
}
