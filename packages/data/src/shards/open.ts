// Packed sets and shards written elsewhere (Python's webdataset) as a source of studies, from a folder or over HTTP, without unpacking them.
import { createHash } from 'node:crypto';
import { open as openFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import { smallFile } from '../files/chunks.ts';
import { checkFile, createRangeCache, fetchWhole, isUrl, rangeName, readingFlags } from '@hybridmed/images/bytes';
import type { ReadOptions, SourceData } from '../sources/source.ts';
import { Drops } from '../sources/source.ts';
import type { DataNeed, Question, Study } from '../study.ts';
import { SampleLabels } from './sample-labels.ts';
import type { ReadSamples } from './webdataset.ts';
import { webdatasetStudies } from './webdataset.ts';
import type { IndexLine, ShardEntry, ShardManifest } from './manifest.ts';
import { columnsName, indexNameOf, manifestName, parseIndex, parseManifest } from './manifest.ts';
import { IndexLines } from './index-lines.ts';
import { openPackedColumns } from './packed-columns.ts';
import { PackedRows } from './packed-rows.ts';
import type { ReadUpTo } from './tar-members.ts';

// Of 10,000 studies with long reports an index takes some 30 MB.
const maxIndexBytes = 2 ** 28;

// Of so many studies indexes take seconds to read.
const slowFrom = 50_000;

const child = (base: string, name: string): string => (isUrl(base) ? `${base.replace(/\/*$/, '')}/${name}` : join(base, name));

const readText = async (name: string): Promise<string> => {
  if (isUrl(name)) return Buffer.from(await fetchWhole(name)).toString('utf8');
  return smallFile(name, maxIndexBytes).then(String);
};

/** `{000..012}` in a name as the names it stands for. */
function expanded(name: string): string[] {
  const match = /\{(\d+)\.\.(\d+)\}/.exec(name);
  if (!match) return [name];
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (last < first || last - first > 100_000) throw new DataError(`${name}: {${match[1]}..${match[2]}} is no range of shards; write the lesser number first`);
  return Array.from({ length: last - first + 1 }, (_, i) => name.replace(match[0], String(first + i).padStart(match[1]!.length, '0')));
}

/** Opens `shards:` and a folder, a manifest, or an archive (several as `{000..012}`), on disk or as a URL. Throws a DataError. */
export async function readShards(path: string, options: ReadOptions): Promise<SourceData> {
  if (path.endsWith('.tar')) return readWebdataset(path, expanded(path), options);
  if (path.endsWith(`/${manifestName}`)) return readPacked(path.slice(0, -manifestName.length - 1));
  if (isUrl(path)) return readPacked(path);
  const names = await readdir(path).catch((error: unknown) => Promise.reject(describeFileError(path, error)));
  if (names.includes(manifestName)) return readPacked(path);
  if (names.includes('recipe.json')) throw new DataError(`${path}: is not packed to its end; run data pack again`);
  const archives = names.filter((name) => name.endsWith('.tar')).toSorted();
  if (archives.length === 0) throw new DataError(`${path}: holds neither ${manifestName} nor .tar shards; name the folder that does`);
  return readWebdataset(
    path,
    archives.map((name) => join(path, name)),
    options,
  );
}

const needs = ({ recipe }: ShardManifest): readonly DataNeed[] => {
  const need = recipe?.select?.need as DataNeed | undefined;
  return need === undefined || need === 'pairs' ? ['pairs', 'labels', 'images'] : [need, ...(need === 'labels' ? (['images'] as const) : [])];
};

async function readPacked(base: string): Promise<SourceData> {
  const manifest = parseManifest(await readText(child(base, manifestName)), child(base, manifestName));
  const { counts = {}, dropped = {}, splitOrigin = 'published', warnings = [] } = manifest;
  const own = { offers: needs(manifest), counts, dropped, splitOrigin, warnings };
  const rows = manifest.columns && !isUrl(base) ? await packedRows(base, manifest) : undefined;
  if (rows) return { studies: rows, ...own };
  const slow = manifest.shards.reduce((sum, entry) => sum + entry.studies, 0) > slowFrom && !isUrl(base) && own.offers[0] !== 'questions';
  if (slow) own.warnings = [...warnings, `${base}: has no ${columnsName} of this kind of processor, by which large sets open in a second; data pack writes it`];
  const studies: { position: number; study: Study }[] = [];
  const questions: { position: number; question: Question }[] = [];
  for (const entry of manifest.shards) {
    for (const { image, line } of await readIndexed(base, entry)) {
      if ('study' in line) studies.push({ position: line.position, study: { ...line.study, image } });
      else for (const { position, film, ...question } of line.questions) questions.push({ position, question: { ...question, imageName: film, image } });
    }
  }
  const inOrder = <T extends { position: number }>(list: T[]): T[] => list.toSorted((a, b) => a.position - b.position);
  return {
    studies: inOrder(studies).map(({ study }) => study),
    ...(own.offers.includes('questions') ? { questions: inOrder(questions).map(({ question }) => question) } : {}),
    ...own,
  };
}

/** The studies by their columns; undefined where another kind of processor wrote these. */
async function packedRows(base: string, manifest: ShardManifest): Promise<PackedRows | undefined> {
  const columns = openPackedColumns(join(base, columnsName), manifest);
  if (!columns) return undefined;
  const archives = manifest.shards.map(({ file, studies }) => ({ name: join(base, file), rows: studies }));
  for (const [i, { name }] of archives.entries()) await checkArchive(name, manifest.shards[i]!);
  const indexes = manifest.shards.map(({ file, indexSha256 }) => ({ file: join(base, indexNameOf(file)), sha256: indexSha256 }));
  return new PackedRows(columns, archives, new IndexLines(indexes, maxIndexBytes));
}

/** Throws a DataError for an archive that is absent, or not as large as the manifest says. */
async function checkArchive(archive: string, { bytes }: ShardEntry): Promise<void> {
  const { size } = await stat(archive).catch((error: unknown) => Promise.reject(describeFileError(archive, error)));
  if (size !== bytes) throw new DataError(`${archive}: has ${size} bytes, not the ${bytes} that the manifest lists; pack or fetch the set again`);
}

async function readIndexed(base: string, entry: ShardEntry): Promise<{ image: string; line: IndexLine }[]> {
  const [archive, name] = [child(base, entry.file), child(base, indexNameOf(entry.file))];
  const text = await readText(name);
  if (createHash('sha256').update(text).digest('hex') !== entry.indexSha256)
    throw new DataError(`${name}: is not the index that the manifest lists; pack or fetch the set again`);
  if (!isUrl(archive)) await checkArchive(archive, entry);
  return parseIndex(text, name).lines.map((line) => {
    const { start, length, sha256 } = line;
    return { image: rangeName({ source: archive, start, length, sha256 }), line };
  });
}

async function readWebdataset(path: string, archives: readonly string[], options: ReadOptions): Promise<SourceData> {
  const samples: ReadSamples = { studies: [], labels: new SampleLabels(), drops: new Drops(), drawn: { count: 0 } };
  for (const archive of archives) await withReader(archive, (read) => webdatasetStudies(archive, read, samples));
  const { studies, labelled, warnings } = samples.labels.finish(samples.studies, options);
  if (studies.length === 0) throw new DataError(`${path}: holds no sample with an image (.png, .jpg or .dcm); name other shards`);
  const reports = studies.some(({ findings, impression }) => findings !== '' && impression !== '');
  return {
    studies,
    offers: [...(reports ? (['pairs'] as const) : []), ...(labelled ? (['labels'] as const) : []), 'images'],
    counts: { images: studies.length },
    dropped: samples.drops.counts(),
    splitOrigin: samples.drawn.count > 0 ? 'drawn' : 'published',
    warnings: warnings.map((warning) => `${path}: ${warning}`),
  };
}

/** Reads an archive piece by piece: from disk through a window of one block, or by ranges. */
async function withReader(archive: string, use: (read: ReadUpTo) => Promise<void>): Promise<void> {
  if (isUrl(archive)) {
    const cache = createRangeCache();
    return use((start, length) => cache.upTo({ source: archive, start, length }));
  }
  const file = await openFile(archive, readingFlags).catch((error: unknown) => Promise.reject(describeFileError(archive, error)));
  try {
    checkFile(archive, await file.stat(), Infinity);
    await use(async (start, length) => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, start);
      return bytes.subarray(0, bytesRead);
    });
  } finally {
    await file.close();
  }
}
