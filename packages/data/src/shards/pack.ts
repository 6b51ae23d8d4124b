// Packs a data set: images at training size and all that is known of them as WebDataset shards, which a kill may interrupt at any moment.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '../atomic.ts';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import type { Box, DataSet } from '../study.ts';
import { prefetch } from '../threads/prefetch.ts';
import { TaskPool } from '../threads/task-pool.ts';
import type { PackRecipe, ShardEntry, ShardManifest } from './manifest.ts';
import { columnsFrom, columnsName, indexNameOf, manifestName, parseIndex, parseManifest } from './manifest.ts';
import { PackedColumnsBuilder } from './packed-columns.ts';
import type { PackedImage, PackRequest } from './pack-image.ts';
import { packImage } from './pack-image.ts';
import type { Sample } from './pack-plan.ts';
import { planShards, samplesOf } from './pack-plan.ts';
import type { PackedSample, WrittenShard } from './write-shard.ts';
import { readWhole, writeShard } from './write-shard.ts';

/** Options of packing. */
export interface PackOptions {
  /** Side of the images in pixels. */
  size: number;
  /** Studies of one shard, or images that questions are about. */
  studiesPerShard?: number;
  /** What was selected when the set was opened: part of the recipe. */
  select?: Readonly<Record<string, unknown>>;
  /** Threads that read images; 0 reads them on this one. */
  workers?: number;
  onProgress?(done: number, total: number): void;
}

/** What was packed. */
export interface PackResult {
  readonly folder: string;
  readonly shards: number;
  /** Shards that an earlier run had finished. */
  readonly kept: number;
  /** Samples: one for each study, or for each image that questions are about. */
  readonly studies: number;
  readonly questions?: number;
  readonly bytes: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly unreadable: readonly string[];
}

const recipeName = 'recipe.json';
const unreadableReason = 'the image cannot be read';
// Images that are read and encoded while earlier ones are waited for.
const inFlight = 16;

function recipeOf({ spec, studies, questions = [] }: DataSet, { size, studiesPerShard = 1000, select = {} }: PackOptions): PackRecipe {
  const hash = createHash('sha256');
  for (const each of [...studies, ...questions]) hash.update(JSON.stringify(each));
  return { spec, size, studiesPerShard, select, studies: hash.digest('hex') };
}

/** Makes the folder this packing's own. Throws a DataError where it holds something else. */
async function claimFolder(folder: string, recipe: PackRecipe): Promise<void> {
  const file = join(folder, recipeName);
  try {
    await makeFolder(folder);
    const names = await readdir(folder);
    if (names.includes(recipeName)) {
      const saved = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
      const other = Object.entries(recipe).find(([key, value]) => JSON.stringify(saved[key]) !== JSON.stringify(value));
      if (other)
        throw new DataError(
          `${folder}: was started with another "${other[0]}" (${JSON.stringify(saved[other[0]])}, not ${JSON.stringify(other[1])}); name another folder or remove it`,
        );
    } else if (names.some((name) => !name.endsWith('.tmp'))) {
      throw new DataError(`${folder}: holds something else; name another folder`);
    } else {
      await writeFileAtomic(file, [`${JSON.stringify(recipe, undefined, 2)}\n`]);
    }
  } catch (error) {
    throw describeFileError(folder, error);
  }
}

/** Removes what a kill left half-written. */
async function removeTemporary(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name));
}

/** What the whole of a packed set is known by, whoever writes its shards. Plain JSON. */
export interface PackFacts extends Pick<ShardManifest, 'recipe' | 'counts' | 'dropped' | 'splitOrigin' | 'warnings'> {
  /** Number of its shards, and of questions in a set of them. */
  readonly shards: number;
  readonly questions?: number;
}

/** Shards of a set, in order. */
export interface PackedShards {
  readonly facts: PackFacts;
  readonly shards: readonly WrittenShard[];
  /** Shards that an earlier run had finished. */
  readonly kept: number;
}

/**
 * Writes shards of a set into a folder that others may be writing to, all of them or those from `share(n)[0]` up to `share(n)[1]` of n, and no manifest.
 * Throws as `packDataSet` does.
 */
export async function packShards(
  data: DataSet,
  folder: string,
  options: PackOptions,
  share?: (shards: number) => readonly [number, number],
): Promise<PackedShards> {
  const { size, studiesPerShard = 1000, workers = 1, onProgress } = options;
  const recipe = recipeOf(data, options);
  await claimFolder(folder, recipe);
  if (!share) await removeTemporary(folder);
  const all = planShards(samplesOf(data), studiesPerShard);
  const plans = all.slice(...(share?.(all.length) ?? []));
  const total = plans.reduce((sum, { samples }) => sum + samples.length, 0);
  const pool =
    workers > 0
      ? new TaskPool<PackRequest, PackedImage>(
          'shards/pack-worker',
          Array.from({ length: workers }, () => ({})),
        )
      : undefined;
  const read = (request: PackRequest) => pool?.run(request) ?? packImage(request);
  const shards: WrittenShard[] = [];
  let [done, kept] = [0, 0];
  try {
    for (const { file, split, samples: own } of plans) {
      const whole = await readWhole(folder, file, split);
      if (whole) kept++;
      const progress = (count: number) => onProgress?.((done += count), total);
      if (whole) progress(own.length);
      shards.push(whole ?? (await writeShard(folder, file, split, packed(own, size, read, progress))));
    }
  } finally {
    await pool?.close();
  }
  const { counts, dropped, splitOrigin, warnings, questions } = data;
  const facts = { recipe, counts, dropped, splitOrigin, warnings, shards: all.length, ...(questions ? { questions: questions.length } : {}) };
  return { facts, shards, kept };
}

/** Writes the columns of the shards' studies, from their indexes. */
async function writeColumns(folder: string, shards: readonly ShardEntry[]): Promise<{ sha256: string }> {
  const builder = new PackedColumnsBuilder();
  for (const { file } of shards) {
    const index = join(folder, indexNameOf(file));
    const text = await readFile(index, 'utf8').catch((error: unknown) => Promise.reject(describeFileError(index, error)));
    builder.add(text, parseIndex(text, index).lines);
  }
  const file = join(folder, columnsName);
  const chunks = builder.finish(file);
  await writeFileAtomic(file, chunks);
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return { sha256: hash.digest('hex') };
}

/** Writes the manifest of a set whose shards are all there. Throws a DataError where they are not. */
export async function finishPacking(folder: string, { facts, shards: written, kept }: PackedShards): Promise<PackResult> {
  const { recipe, counts, splitOrigin, warnings, questions } = facts;
  await claimFolder(folder, recipe);
  if (written.length !== facts.shards) throw new DataError(`${folder}: ${written.length} of its ${facts.shards} shards are packed; pack the others`);
  const lost = written.flatMap((shard) => shard.unreadable);
  const unreadable = [...new Set(lost)];
  const dropped = { ...facts.dropped, ...(lost.length > 0 ? { [unreadableReason]: lost.length } : {}) };
  const shards = written.map(({ entry }) => entry);
  const many = shards.reduce((total, { studies }) => total + studies, 0) >= columnsFrom;
  const columns = many && questions === undefined ? await writeColumns(folder, shards) : undefined;
  const manifest: ShardManifest = {
    format: 'hybridmed-shards',
    version: 1,
    recipe,
    counts,
    dropped,
    unreadable,
    splitOrigin,
    warnings,
    shards,
    ...(columns && { columns }),
  };
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  for (const { file, bytes } of parseManifest(text, folder).shards) {
    const { size } = await stat(join(folder, file)).catch((error: unknown) => Promise.reject(describeFileError(join(folder, file), error)));
    if (size !== bytes) throw new DataError(`${join(folder, file)}: has ${size} bytes, not the ${bytes} that were packed; pack it again`);
  }
  await writeFileAtomic(join(folder, manifestName), [text]);
  await removeTemporary(folder);
  const sum = (of: (entry: (typeof shards)[number]) => number) => shards.reduce((total, entry) => total + of(entry), 0);
  return {
    folder,
    shards: shards.length,
    kept,
    studies: sum((entry) => entry.studies),
    ...(questions === undefined ? {} : { questions: questions - lost.length }),
    bytes: sum((entry) => entry.bytes),
    dropped,
    unreadable,
  };
}

/**
 * Packs an opened set into a folder: `SPLIT-NNNNNN.tar` with `KEY.png` and `KEY.json` for each study (of a set of questions, for each
 * image of a split, with its questions), an index beside each shard, and manifest.json last. Shards that are there and whole are kept; equal sets and options give equal bytes. Throws a DataError where
 * the folder holds something else or cannot be written; images that cannot be read are left out and counted.
 */
export async function packDataSet(data: DataSet, folder: string, options: PackOptions): Promise<PackResult> {
  return finishPacking(folder, await packShards(data, folder, options));
}

/** Samples with their images, in order, some of them in flight while earlier ones are taken. */
function packed(
  samples: readonly Sample[],
  size: number,
  read: (request: PackRequest) => Promise<PackedImage>,
  progress: (count: number) => void,
): AsyncGenerator<PackedSample> {
  const make = async ({ position, image, record }: Sample): Promise<PackedSample> => {
    const ownBoxes: readonly Box[] | undefined = 'study' in record ? record.study.boxes : undefined;
    try {
      const { png, boxes } = await read({ image, size, ...(ownBoxes ? { boxes: ownBoxes } : {}) });
      return { position, record: boxes && 'study' in record ? { study: { ...record.study, boxes } } : record, image: png };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return { position, record, image: error.message };
    }
  };
  return prefetch({
    to: samples.length,
    ahead: inFlight,
    make: (index) => make(samples[index]!),
    take(sample) {
      progress(1);
      return sample;
    },
  });
}
