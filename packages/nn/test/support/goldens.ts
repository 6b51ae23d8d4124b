// Reads a reference file of shared/goldens or shared/goldens-2, for packages below hybridmed; absent outside the project's own checkout.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostArray } from '@hybridmed/tensor';
import { parseSafetensors } from '@hybridmed/nn';

type GoldenSet = 'goldens' | 'goldens-2';
const folderOf = (set: GoldenSet) => join(import.meta.dirname, '../../../../../shared', set);

/** Whether the reference files are there. */
export const hasGoldens = existsSync(folderOf('goldens'));
export const hasSecondGoldens = existsSync(folderOf('goldens-2'));

/** A file's JSON and arrays, masks as f32. */
export function readGolden(name: string, set: GoldenSet = 'goldens') {
  const folder = folderOf(set);
  const json = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { config: never; value: number; tau?: number };
  const { arrays } = parseSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  const part = (prefix: string): Record<string, HostArray> =>
    Object.fromEntries(
      Object.entries(arrays).flatMap(([key, { data, shape }]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), { shape, data: key.endsWith('mask') ? Float32Array.from(data) : data }]] : [],
      ),
    );
  return { json, part };
}

/** Greatest difference relative to the greatest reference value. */
export function relativeError(ours: HostArray['data'], theirs: HostArray['data']): number {
  let [difference, scale] = [0, 0];
  theirs.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(ours[i]! - value));
    scale = Math.max(scale, Math.abs(value));
  });
  return ours.length === theirs.length ? difference / (scale || 1) : Infinity;
}
