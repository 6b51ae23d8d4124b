// A saved index: vectors of a data set's images and reports, and what to show of each study.
import type { Vectors } from '@hybridmed/eval';
import { readSafetensors, writeSafetensors } from '@hybridmed/runtime';
import { fileError } from '@hybridmed/runtime/files';

/** One study of an index. */
export interface IndexEntry {
  readonly id: string;
  readonly image: string;
  /** Row of its report's vector; -1 where it has none. */
  readonly report: number;
}

/** Vectors of studies, ready to be searched. */
export interface RetrievalIndex {
  /** Hash of the checkpoint the vectors come from: queries must come from the same. */
  readonly checkpoint: string;
  readonly entries: readonly IndexEntry[];
  /** Distinct impressions. */
  readonly reports: readonly string[];
  /** Unit vectors of the entries' images (N, d). */
  readonly images: Vectors;
  /** Unit vectors of the distinct impressions (M, d). */
  readonly texts: Vectors;
}

const format = 'hybridmed-index-1';

/** Writes an index as a safetensors file, whole or not at all. */
export async function saveIndex(file: string, { checkpoint, entries, reports, images, texts }: RetrievalIndex): Promise<void> {
  await writeSafetensors(file, { images, texts }, { format, checkpoint, entries: JSON.stringify(entries), reports: JSON.stringify(reports) });
}

function parseList(text: string | undefined): unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(text ?? '');
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

const isEntry = (value: unknown, reports: number): value is IndexEntry => {
  const { id, image, report } = (value ?? {}) as Partial<Record<keyof IndexEntry, unknown>>;
  return typeof id === 'string' && typeof image === 'string' && Number.isInteger(report) && (report as number) >= -1 && (report as number) < reports;
};

/** Reads an index. Throws one line for a file that is none, is damaged, or comes from another checkpoint than `checkpoint`. */
export async function readIndex(file: string, checkpoint: string): Promise<RetrievalIndex> {
  const { arrays, metadata } = await readSafetensors(file);
  if (metadata['format'] !== format) throw fileError(file, 'is no index of this version', 'make it with `hybridmed retrieve --index FILE`');
  if (metadata['checkpoint'] !== checkpoint)
    throw fileError(file, 'was made with another checkpoint', 'name that checkpoint, or make the index anew under another name');
  const [entries, reports] = [parseList(metadata['entries']), parseList(metadata['reports'])];
  const { images, texts } = arrays;
  const isConsistent =
    entries?.every((entry) => isEntry(entry, reports?.length ?? 0)) &&
    reports?.every((report) => typeof report === 'string') &&
    images?.shape.length === 2 &&
    texts?.shape.length === 2 &&
    images.shape[0] === entries.length &&
    texts.shape[0] === reports.length &&
    images.shape[1] === texts.shape[1] &&
    [images, texts].every(({ data }) => data instanceof Float32Array && data.every(Number.isFinite));
  if (!isConsistent) throw fileError(file, 'is damaged: its vectors and its studies do not fit', 'make it anew');
  return {
    checkpoint,
    entries: entries as IndexEntry[],
    reports: reports as string[],
    images: { data: images!.data as Float32Array, shape: images!.shape },
    texts: { data: texts!.data as Float32Array, shape: texts!.shape },
  };
}
