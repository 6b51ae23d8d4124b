// What the checkpoints are known by that a run starts from: other runs' stages, and published encoders with their tokenizers.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hashCheckpoint, hashFile, hashNames } from '../cache/content-hash.ts';
import { stageCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { fileError, isFolder } from '../files.ts';
import { isHubName } from '../hub/hub-name.ts';
import { pinHubName } from '../hub/local-path.ts';
import { publishedName } from '@hybridmed/training/options';
import type { RunConfig } from '../settings/run-settings.ts';
import type { Change } from './provenance.ts';
import type { SourceHashes, SourceSetting } from './source-settings.ts';
import { sourceSettings } from './source-settings.ts';

// What is read of a published folder; others may come and go.
const isRead = (name: string): boolean =>
  name.endsWith('.safetensors') ||
  ['config.json', 'open_clip_config.json', 'model.safetensors.index.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'].includes(name);

/** SHA-256 of what is read of a published encoder's folder or file, of one of a hub of its commit, which names its content. Throws one line that names a file which cannot be read. */
export async function hashPublished(path: string): Promise<string> {
  if (isHubName(path)) return hashNames([await pinHubName(path)]);
  const beside = path.replace(/\.safetensors$/, '.json');
  const files = (await isFolder(path)) ? (await readdir(path)).filter(isRead).map((name) => [name, join(path, name)] as const) : [['file', path] as const];
  if (beside !== path && existsSync(beside)) files.push(['config', beside]);
  return hashNames(await Promise.all(files.map(async ([name, file]) => `${name} ${await hashFile(file)}`)));
}

/** The hashes of a run's sources. Throws one line that names a file which cannot be read. */
export async function sourceHashes({ stage0, stage1, vision, text }: Pick<RunConfig, SourceSetting>): Promise<SourceHashes> {
  const published = async (encoder: string) => {
    const name = publishedName(encoder);
    return name === undefined ? undefined : hashPublished(name);
  };
  const [ofVision, ofText] = [await published(vision), await published(text)];
  return {
    ...(typeof stage0 === 'string' ? { stage0: await hashCheckpoint(await stageCheckpoint(stage0, 0)) } : {}),
    ...(typeof stage1 === 'string' ? { stage1: await hashCheckpoint(await stageCheckpoint(stage1, 1)) } : {}),
    ...(ofVision === undefined ? {} : { vision: ofVision }),
    ...(ofText === undefined ? {} : { text: ofText }),
  };
}

/** What has changed of a run's sources since an earlier session. Throws one line for the first change, unless changes are accepted. */
export function sourceChanges(
  config: Pick<RunConfig, SourceSetting>,
  { before, now, out, accept }: { readonly before: SourceHashes; readonly now: SourceHashes; readonly out: string; readonly accept: boolean },
): readonly Change[] {
  const changed = sourceSettings.filter((setting) => before[setting] !== undefined && before[setting] !== now[setting]);
  if (changed.length > 0 && !accept)
    throw fileError(
      String(config[changed[0]!]),
      `is not what the run in ${out} started from: its files have changed`,
      'restore them, name another --out, or resume with the present ones with --accept-changed-data',
    );
  return changed.map((setting) => ({ setting: `files of ${setting}`, from: before[setting]!.slice(0, 12), to: now[setting]?.slice(0, 12) ?? 'none' }));
}
