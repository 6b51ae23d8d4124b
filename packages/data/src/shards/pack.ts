// Packs a data set: images at training size and all that is known of them as WebDataset shards, which a kill may interrupt at any moment.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, writeFileAtomic } from '../atomic.ts';
import { DataError, describeFileError } from '../errors.ts';
import type { Box, DataSet, Split } from '../study.ts';
import { prefetch } from '../threads/prefetch.ts';
import { TaskPool } from '../threads/task-pool.ts';
import type { PackedQuestion, PackedRecord, PackRecipe, ShardManifest } from './manifest.ts';
import { manifestName, parseManifest } from './manifest.ts';
import type { PackedImage, PackRequest } from './pack-image.ts';
import { packImage } from './pack-image.ts';
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

/** An image to pack, and what is known of it. */
interface Sample {
  readonly position: number;
  readonly split: Split;
  readonly image: string;
  readonly record: PackedRecord;
}

interface Plan {
  readonly file: string;
  readonly split: Split;
  readonly samples: readonly Sample[];
}

/** A sample for each study; of a set of questions, one for each image of a split. */
function samplesOf({ studies, questions = [] }: DataSet): Sample[] {
  const samples = studies.map(({ image, ...study }, position): Sample => ({ position, split: study.split, image, record: { study } }));
  const byImage = new Map<string, PackedQuestion[]>();
  for (const [position, { image, imageName = basename(image), ...question }] of questions.entries()) {
    const key = `${question.split} ${image}`;
    const placed = { position, film: imageName, ...question };
    const known = byImage.get(key);
    if (known) known.push(placed);
    else {
      const list = [placed];
      byImage.set(key, list);
      samples.push({ position, split: question.split, image, record: { questions: list } });
    }
  }
  return samples;
}

/** Which samples go into which shard: each split by itself, in the set's order. */
function planShards(samples: readonly Sample[], perShard: number): Plan[] {
  return (['train', 'validate', 'test'] as const).flatMap((split) => {
    const own = samples.filter((sample) => sample.split === split);
    return Array.from({ length: Math.ceil(own.length / perShard) }, (_, i) => ({
      file: `${split}-${String(i).padStart(6, '0')}.tar`,
      split,
      samples: own.slice(i * perShard, (i + 1) * perShard),
    }));
  });
}

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
    if (existsSync(file)) {
      const saved = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
      const other = Object.entries(recipe).find(([key, value]) => JSON.stringify(saved[key]) !== JSON.stringify(value));
      if (other)
        throw new DataError(
          `${folder}: was started with another "${other[0]}" (${JSON.stringify(saved[other[0]])}, not ${JSON.stringify(other[1])}); name another folder or remove it`,
        );
    } else if ((await readdir(folder)).some((name) => !name.endsWith('.tmp'))) {
      throw new DataError(`${folder}: holds something else; name another folder`);
    }
    // What a kill left half-written.
    for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name));
    if (!existsSync(file)) await writeFileAtomic(file, [`${JSON.stringify(recipe, undefined, 2)}\n`]);
  } catch (error) {
    throw describeFileError(folder, error);
  }
}

/**
 * Packs an opened set into a folder: `SPLIT-NNNNNN.tar` with `KEY.png` and `KEY.json` for each study (of a set of questions, for each
 * image of a split, with its questions), an index beside each shard, and manifest.json last. Shards that are there and whole are kept; equal sets and options give equal bytes. Throws a DataError where
 * the folder holds something else or cannot be written; images that cannot be read are left out and counted.
 */
export async function packDataSet(data: DataSet, folder: string, options: PackOptions): Promise<PackResult> {
  const { size, studiesPerShard = 1000, workers = 1, onProgress } = options;
  const recipe = recipeOf(data, options);
  await claimFolder(folder, recipe);
  const samples = samplesOf(data);
  const plans = planShards(samples, studiesPerShard);
  const starts = Array.from({ length: workers }, () => ({}));
  const pool = workers > 0 ? new TaskPool<PackRequest, PackedImage>('shards/pack-worker', starts) : undefined;
  const read = (request: PackRequest) => pool?.run(request) ?? packImage(request);
  const written: WrittenShard[] = [];
  let [done, keptShards] = [0, 0];
  try {
    for (const { file, split, samples: own } of plans) {
      const whole = await readWhole(folder, file, split);
      if (whole) keptShards++;
      const progress = (count: number) => onProgress?.((done += count), samples.length);
      if (whole) progress(own.length);
      written.push(whole ?? (await writeShard(folder, file, split, packed(own, size, read, progress))));
    }
  } finally {
    await pool?.close();
  }
  const lost = written.flatMap((shard) => shard.unreadable);
  const unreadable = [...new Set(lost)];
  const dropped = { ...data.dropped, ...(lost.length > 0 ? { [unreadableReason]: lost.length } : {}) };
  const shards = written.map(({ entry }) => entry);
  const { counts, splitOrigin, warnings } = data;
  const manifest: ShardManifest = { format: 'hybridmed-shards', version: 1, recipe, counts, dropped, unreadable, splitOrigin, warnings, shards };
  await writeFileAtomic(join(folder, manifestName), [`${JSON.stringify(manifest, undefined, 2)}\n`]);
  parseManifest(await readFile(join(folder, manifestName), 'utf8'), folder);
  const sum = (of: (entry: (typeof shards)[number]) => number) => shards.reduce((total, entry) => total + of(entry), 0);
  return {
    folder,
    shards: shards.length,
    kept: keptShards,
    studies: sum((entry) => entry.studies),
    ...(data.questions ? { questions: data.questions.length - lost.length } : {}),
    bytes: sum((entry) => entry.bytes),
    dropped,
    unreadable,
  };
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
