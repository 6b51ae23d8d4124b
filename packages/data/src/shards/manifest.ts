// What a packed set says of itself: its manifest, and the index of each shard.
import { DataError } from '@hybridmed/images/errors';
import type { CountName, Question, Split, SplitOrigin, Study } from '../study.ts';

/** How a set was packed: equal recipes give equal shards. */
export interface PackRecipe {
  readonly spec: string;
  /** Side of the images: longest side to it, padded to a square. */
  readonly size: number;
  readonly studiesPerShard: number;
  /** What was selected. */
  readonly select: Readonly<Record<string, unknown>>;
  /** SHA-256 of the studies or questions: ids, images, texts and all. */
  readonly studies: string;
}

/** One shard as the manifest lists it. */
export interface ShardEntry {
  readonly file: string;
  readonly split: Split;
  /** Samples: one for each study, or for each image that questions are about. */
  readonly studies: number;
  readonly bytes: number;
  /** SHA-256 of the archive and of its index. */
  readonly sha256: string;
  readonly indexSha256: string;
}

/** The manifest: written last, when every shard is whole. */
export interface ShardManifest {
  readonly format: 'hybridmed-shards';
  readonly version: 1;
  readonly recipe: PackRecipe;
  readonly counts: Readonly<Partial<Record<CountName, number>>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** One line for each image that could not be read. */
  readonly unreadable: readonly string[];
  readonly splitOrigin: SplitOrigin;
  readonly warnings: readonly string[];
  readonly shards: readonly ShardEntry[];
  /** The table of the studies, `studies.columns`; small sets, those of questions and of earlier versions have none. */
  readonly columns?: { readonly sha256: string };
}

/** First line of a shard's index: what the archive must be for the index to be true. */
export interface IndexHeader {
  readonly bytes: number;
  readonly sha256: string;
  readonly unreadable: readonly string[];
}

/** A question with its place in the set; `film` is the name of its image file. */
export type PackedQuestion = Omit<Question, 'image' | 'imageName'> & { readonly position: number; readonly film: string };

/** What is known of an image: its study, or the questions about it. */
export type PackedRecord = { readonly study: Omit<Study, 'image'> } | { readonly questions: readonly PackedQuestion[] };

/**
 * A further line: where an image lies, which place its study (or its first question) has in the set, and what is known of it. `sha256` is
 * that of the image's bytes; indexes of earlier versions lack it.
 */
export type IndexLine = { readonly position: number; readonly start: number; readonly length: number; readonly sha256?: string } & PackedRecord;

/** Names of the files. A shard's index lies beside it. */
export const manifestName = 'manifest.json';
export const columnsName = 'studies.columns';

/** Sets of so many studies have the table: smaller ones open as fast by their indexes. */
export const columnsFrom = 20_000;
export const indexNameOf = (shard: string): string => shard.replace(/\.tar$/, '.jsonl');

const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** Reads a manifest's text. Throws a DataError naming where it comes from. */
export function parseManifest(text: string, from: string): ShardManifest {
  const fail = (problem: string): never => {
    throw new DataError(`${from}: ${problem}; pack the set again`);
  };
  let manifest: ShardManifest;
  try {
    manifest = JSON.parse(text) as ShardManifest;
  } catch {
    return fail('is not JSON');
  }
  if (manifest?.format !== 'hybridmed-shards' || manifest.version !== 1) return fail('is not the manifest of a packed set of version 1');
  if (!Array.isArray(manifest.shards)) return fail('lists no shards');
  for (const { file, sha256, indexSha256 } of manifest.shards) {
    // A name, not a path: a manifest from elsewhere must not lead out of its folder.
    if (typeof file !== 'string' || !/^[\w-]+\.tar$/.test(file)) return fail(`lists a shard named ${JSON.stringify(file)}`);
    if (![sha256, indexSha256].every(isHash)) return fail(`lists no hashes for ${file}`);
  }
  if (manifest.columns !== undefined && !isHash(manifest.columns?.sha256)) return fail('lists no hash for its columns');
  return manifest;
}

const isPlace = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areTexts = (values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string');
const isSplit = (value: unknown): boolean => ['train', 'validate', 'test'].includes(value as string);

function isRecord(line: IndexLine): boolean {
  if ('study' in line) return areTexts([line.study?.id, line.study?.report, line.study?.findings, line.study?.impression]) && isSplit(line.study.split);
  const isQuestion = ({ position, id, film, question, answers, closed, split }: PackedQuestion): boolean =>
    isPlace(position) && areTexts([id, film, question]) && Array.isArray(answers) && areTexts(answers) && typeof closed === 'boolean' && isSplit(split);
  return Array.isArray(line.questions) && line.questions.every((each) => typeof each === 'object' && each !== null && isQuestion(each));
}

const isLine = (line: IndexLine): boolean =>
  [line.position, line.start, line.length].every(isPlace) && (line.sha256 === undefined || isHash(line.sha256)) && isRecord(line);

/** Reads one line of an index, below the first. Throws a DataError naming where it comes from. */
export function parseLine(text: string, from: string): IndexLine {
  try {
    const line = JSON.parse(text) as IndexLine;
    if (isLine(line)) return line;
  } catch {
    // Said below.
  }
  throw new DataError(`${from}: is not the index of a shard (a line is incomplete); pack the set again`);
}

/** Reads an index's text. Throws a DataError naming where it comes from. */
export function parseIndex(text: string, from: string): { header: IndexHeader; lines: IndexLine[] } {
  try {
    const [header, ...lines] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as IndexLine);
    if (typeof (header as unknown as IndexHeader)?.sha256 !== 'string') throw new Error('it has no header');
    const broken = lines.findIndex((line) => !isLine(line));
    if (broken !== -1) throw new Error(`line ${broken + 2} is incomplete`);
    return { header: header as unknown as IndexHeader, lines };
  } catch (error) {
    throw new DataError(`${from}: is not the index of a shard (${(error as Error).message.split('\n')[0]}); pack the set again`);
  }
}
