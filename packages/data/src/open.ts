// Opens a data set by its specification `name:path`: the source reads, the selection keeps what the caller needs.
import { join } from 'node:path';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import { inEncoding } from './files/encoding.ts';
import type { SelectIds } from './select.ts';
import { select } from './select.ts';
import { readChexpert } from './sources/chexpert.ts';
import { readCsv } from './sources/csv.ts';
import { readDicomFolder } from './sources/dicom-folder.ts';
import { fiveBy200 } from './sources/five-by-200.ts';
import { readMimic } from './sources/mimic.ts';
import { readOpeni } from './sources/openi.ts';
import { readR2gen } from './sources/r2gen.ts';
import { readRsna } from './sources/rsna.ts';
import type { Source, SourceData } from './sources/source.ts';
import { readVqaMed } from './sources/vqa-med.ts';
import { readVqaRad } from './sources/vqa-rad.ts';
import { readSplit } from './split/file.ts';
import { readShards } from './shards/open.ts';
import type { DataNeed, DataSet, SelectOptions } from './study.ts';

const sources: Readonly<Record<string, Source>> = {
  openi: readOpeni,
  phantom: (path, options) => readCsv(join(path, 'phantoms.csv'), options),
  csv: readCsv,
  rsna: readRsna,
  chexpert: readChexpert,
  mimic: readMimic,
  'chexpert-5x200': fiveBy200(readChexpert, 'test'),
  'mimic-5x200': fiveBy200(readMimic),
  r2gen: readR2gen,
  dicom: readDicomFolder,
  'vqa-rad': readVqaRad,
  'vqa-med': readVqaMed,
  shards: readShards,
};

/** Names of data sets a specification may begin with. */
export const dataSetNames: readonly string[] = Object.keys(sources);

const holds: Readonly<Record<DataNeed, string>> = {
  pairs: 'image-report pairs',
  labels: 'labelled images',
  images: 'images',
  questions: 'questions about images',
};

/** A set as its files and the caller's split ids have it. */
export interface ReadSet extends SourceData, SelectIds {
  readonly name: string;
}

/** What a specification without a set's name is likely to mean: a table by its ending, a name in capitals. */
function unknownSet(spec: string): DataError {
  const [name, ...rest] = spec.split(':');
  const known = dataSetNames.find((other) => other === name?.toLowerCase() && rest.length > 0 && rest[0] !== '');
  const meant = known !== undefined ? [known, ...rest].join(':') : /\.(?:csv|tsv|txt|jsonl|ndjson)(?:\.gz)?$/i.test(spec) ? `csv:${spec}` : undefined;
  const hint = meant === undefined ? '' : `did you mean ${meant}? Else `;
  return new DataError(`"${spec}" names no data set; ${hint}write name:path with one of ${dataSetNames.join(', ')}`);
}

/** Reads everything a set's files name, and the split ids that the options name. Throws a DataError for an unknown name or unreadable files. */
export async function readSource(spec: string, { deidPlaceholders = 'keep', splitFile, excludeIds, encoding, ...options }: SelectOptions): Promise<ReadSet> {
  const colon = spec.indexOf(':');
  const [name, path] = [spec.slice(0, colon), spec.slice(colon + 1)];
  const source = colon > 0 && Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source || path === '') throw unknownSet(spec);
  const data = await inEncoding(encoding, () => source(path, { ...options, deidPlaceholders })).catch((error: unknown) => {
    // A folder that is none, or may not be read, wherever in the set it lies.
    const { syscall, path: at = path } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : describeFileError(at, error);
  });
  return {
    name,
    ...data,
    ...(splitFile === undefined ? {} : { splits: await readSplit(splitFile), splitOrigin: 'drawn' as const }),
    ...(excludeIds === undefined ? {} : { excluded: await readSplit(excludeIds) }),
  };
}

const reasons = (dropped: SourceData['dropped']): string =>
  Object.entries(dropped)
    .map(([reason, count]) => `${count}: ${reason}`)
    .join('; ');

/** Throws a DataError of one line where a set does not hold what is needed. */
export function requireNeed(spec: string, { offers, lacks, dropped, studies }: SourceData, need: DataNeed): void {
  if (offers.includes(need)) return;
  if (!offers.includes('questions') && Array.isArray(studies) && studies.length === 0) {
    throw new DataError(`${spec}: no study is left (${reasons(dropped) || 'its tables have no rows'}); check the files`);
  }
  const needs = offers.filter((offer) => offer !== 'images' || offers.length === 1).map((offer) => holds[offer]);
  const instead = offers.includes('questions') ? ', or give this one to hybridmed vqa (packed, with data pack --need questions)' : '';
  throw new DataError(lacks?.[need] ?? `${spec}: holds ${needs.join(' and ')}, no ${holds[need]}; name a set that holds them${instead}`);
}

/**
 * Opens `name:path`, such as `openi:DIR`, and keeps what `need` asks for: image-report pairs by default. Throws a DataError of one line for
 * an unknown name, unreadable files, a set that does not hold what is needed, or when nothing is left.
 */
export async function openDataSet(spec: string, options: SelectOptions = {}): Promise<DataSet> {
  const { need = 'pairs' } = options;
  const data = await readSource(spec, options);
  requireNeed(spec, data, need);
  if (data.lacks?.views && options.views !== 'all') throw new DataError(`${data.lacks.views}, or take all views with --views all`);
  const { name, counts, splitOrigin, warnings = [] } = data;
  const { studies, questions, dropped } = select(data, need, options, data);
  if (studies.length === 0 && (questions?.length ?? 0) === 0) {
    const why = reasons(dropped);
    throw new DataError(`${spec}: no ${need === 'questions' ? 'question' : 'study'} is left${why ? ` (${why})` : ''}; check the files`);
  }
  for (const line of warnings) options.onWarning?.(line);
  return { name, spec, studies, ...(questions ? { questions } : {}), counts, dropped, splitOrigin, warnings };
}

/** What `indexDataSet` did. */
export interface IndexedSet {
  /** Rows of the set's tables. */
  readonly rows: number;
  /** The index; undefined for a set too small to need one. */
  readonly file?: string;
  /** Whether it was there already. */
  readonly reused: boolean;
  readonly seconds: number;
}

/** Builds the index of a large set, or opens the one that is there. Throws a DataError for an unknown name or unreadable files. */
export async function indexDataSet(spec: string, options: SelectOptions = {}): Promise<IndexedSet> {
  const start = performance.now();
  const { counts, studies, index } = await readSource(spec, options);
  const seconds = (performance.now() - start) / 1000;
  return { rows: counts.rows ?? studies.length, ...(index ? { file: index.file } : {}), reused: index?.reused ?? false, seconds };
}
