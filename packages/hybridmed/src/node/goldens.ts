// Reads a folder of goldens: pairs of .json and .safetensors files, and JSON-only ones.
import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Golden } from '../verify/golden.ts';
import { describeError, fileError, readJson } from './files.ts';
import { readSafetensors } from './safetensors-file.ts';

/** Names (without ending) of a folder's goldens. Throws one line when there is none. */
export async function listGoldens(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: unknown) => Promise.reject(describeError(folder, error)));
  const names = files.filter((file) => file.endsWith('.json')).map((file) => basename(file, '.json')).toSorted();
  if (names.length === 0) throw fileError(folder, 'holds no goldens (pairs of .json and .safetensors)', 'name a folder that does');
  return names;
}

/** Reads one golden. */
export async function readGolden(folder: string, name: string): Promise<Golden> {
  const path = join(folder, `${name}.safetensors`);
  return { name, json: await readJson(join(folder, `${name}.json`)), arrays: existsSync(path) ? (await readSafetensors(path)).arrays : {} };
}
