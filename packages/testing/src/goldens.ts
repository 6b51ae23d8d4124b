// Reads a folder of goldens: pairs of .json and .safetensors files, and JSON-only ones.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSafetensors } from '@hybridmed/runtime';
import { describeError, fileError, readJson } from '@hybridmed/runtime/files';
import type { Golden } from './verify/golden.ts';

/** Names (without ending) of a folder's goldens. Throws one line when there is none. */
export async function listGoldens(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: unknown) => Promise.reject(describeError(folder, error)));
  const names = files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .toSorted();
  if (names.length === 0) throw fileError(folder, 'holds no goldens (pairs of .json and .safetensors)', 'name a folder that does');
  return names;
}

/** Text files a golden names under `vocab`, relative to its own folder. A file that is not there is left out. */
async function namedTexts(folder: string, json: Golden['json']): Promise<Record<string, string>> {
  const paths = Object.values((json.vocab ?? {}) as Record<string, unknown>).filter((path) => typeof path === 'string');
  const texts = await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8').catch(() => undefined)] as const));
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Reads one golden. */
export async function readGolden(folder: string, name: string): Promise<Golden> {
  const path = join(folder, `${name}.safetensors`);
  const json = (await readJson(join(folder, `${name}.json`))) as Golden['json'];
  return { name, json, arrays: existsSync(path) ? (await readSafetensors(path)).arrays : {}, texts: await namedTexts(folder, json), folder };
}
