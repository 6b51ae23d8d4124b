// The files by which a run's folder is recognized: its configuration and its tokenizer.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stageNumbers } from '@hybridmed/model/objective';
import type { Tokenizer } from '@hybridmed/text';
import { stageSettings } from '@hybridmed/training/settings';
import { fileError, readJson, writeFileAtomic } from '../files.ts';
import { checkValues } from '../settings/check-values.ts';
import type { RunConfig, RunOptions } from '../settings/run-settings.ts';
import { changeableSettings, completeConfig, runSettings } from '../settings/run-settings.ts';
import { pinnedAs } from './pinned-sources.ts';
import type { Change } from './provenance.ts';

/** A run's configuration. Settings that the version which wrote it did not know have their defaults. Throws one line where the folder holds no run. */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const file = join(run, 'run.json');
  if (!existsSync(file)) throw fileError(run, 'holds no run.json', "name a run's --out folder");
  const saved = checkValues(file, await readJson(file), runSettings) as Partial<RunOptions>;
  if (saved.data === undefined) throw fileError(file, 'names no "data"', "restore it, or name a run's --out folder");
  return completeConfig({ ...saved, data: saved.data });
}

type Difference = Change & { readonly key: string };

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** What differs between two configurations, setting by setting: those of single stages by what holds in the stage. */
function differences(saved: RunConfig, config: RunConfig): Difference[] {
  const at = (of: RunConfig, key: string) => of[key as keyof RunConfig];
  const ofRun = Object.keys(config).flatMap((key) => (key === 'stages' ? [] : [{ key, setting: key, from: at(saved, key), to: at(config, key) }]));
  const ofStages = stageNumbers.flatMap((stage) => {
    const keys = [...new Set([saved, config].flatMap((each) => Object.keys(each.stages[stage] ?? {})))];
    const [before, now] = [stageSettings(saved, stage), stageSettings(config, stage)];
    return keys.map((key) => ({ key, setting: `stages.${stage}.${key}`, from: at(before, key), to: at(now, key) }));
  });
  return [...ofRun, ...ofStages].filter(({ from, to }) => differ(from, to));
}

/** A run in a folder must be the same run, but for the settings that may change: gives those that do. Throws one line for any other. */
export async function checkSameRun(out: string, config: RunConfig, mayChange: readonly (keyof RunConfig)[] = []): Promise<readonly Change[]> {
  const saved = await readRunConfig(out);
  const changes = differences(saved, pinnedAs(config, saved));
  const refused = changes.find(({ key }) => !mayChange.includes(key as keyof RunConfig));
  if (refused)
    throw fileError(
      join(out, 'run.json'),
      `"${refused.setting}" is ${JSON.stringify(refused.from)}, this command says ${JSON.stringify(refused.to)}`,
      'resume with the same settings or name another --out',
    );
  return changes.map(({ setting, from, to }) => ({ setting, from, to }));
}

/** Makes a run's folder where there is none, once a first step has shown that the run can be; where there is one, its settings are what they have become. */
export async function createRunFolder(out: string, config: RunConfig, tokenizer: Tokenizer): Promise<void> {
  const file = join(out, 'run.json');
  if (!existsSync(file)) await writeFileAtomic(join(out, 'tokenizer.json'), [`${JSON.stringify(tokenizer)}\n`]);
  else if ((await checkSameRun(out, config, changeableSettings)).length === 0) return;
  await writeFileAtomic(file, [`${JSON.stringify(config, undefined, 2)}\n`]);
}
