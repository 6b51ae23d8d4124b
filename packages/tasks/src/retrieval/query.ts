// One query, an image or a sentence, against an index: the nearest studies.
import { existsSync, statSync } from 'node:fs';
import type { SelectOptions, Split } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { nearestEntries } from '@hybridmed/eval/protocols';
import { fileError } from '@hybridmed/runtime/files';
import { HybridmedError } from '@hybridmed/tensor';
import type { Encoder, EncoderOptions } from '../features/encoder.ts';
import { openEncoder } from '../features/encoder.ts';
import { buildIndex, openForRetrieval, studiesOf } from './build-index.ts';
import type { RetrievalIndex } from './index-file.ts';
import { readIndex, saveIndex } from './index-file.ts';

/** What to look for, and where. */
export interface QueryOptions extends EncoderOptions {
  /** An image file, or words. */
  readonly query: string;
  /** A saved index; one that does not exist is built from `data` and saved. */
  readonly index?: string | undefined;
  readonly data?: string | undefined;
  readonly split?: Split | 'all';
  readonly select?: SelectOptions;
  /** What is compared with the query: images, or the texts of reports. */
  readonly gallery?: 'images' | 'reports';
  readonly count?: number;
}

/** A study near the query. */
export interface Neighbour {
  readonly id: string;
  readonly similarity: number;
  readonly image: string;
  readonly impression: string;
}

/** The nearest studies, nearest first. */
export interface QueryResult {
  readonly checkpoint: string;
  readonly query: string;
  readonly kind: 'image' | 'text';
  readonly gallery: 'images' | 'reports';
  readonly studies: number;
  readonly nearest: readonly Neighbour[];
}

const imageName = /\.(png|jpe?g|dcm|dicom)$/i;

/** Whether a query names an image. Throws one line for an image name without a file. */
function queryKind(words: string): 'image' | 'text' {
  if (existsSync(words) && statSync(words).isFile()) return 'image';
  if (imageName.test(words)) throw fileError(words, 'does not exist', 'check the path, or give words to look for');
  if (words.trim() === '') throw new HybridmedError('--query is empty; give an image file or words');
  return 'text';
}

async function vectorOf(encoder: Encoder, words: string, kind: 'image' | 'text'): Promise<Vectors> {
  if (kind === 'text') return encoder.texts([words]);
  const { embedding } = await encoder.images([{ id: words, report: words, image: words, findings: '', impression: '', split: 'test' }]);
  return embedding;
}

async function openIndex(encoder: Encoder, { index: file, data, split = 'all', select = {} }: QueryOptions): Promise<RetrievalIndex> {
  if (file !== undefined && existsSync(file)) return readIndex(file, encoder.hash);
  if (data === undefined) throw new HybridmedError(`${file ?? '--query'}: there is no index yet; give --data SPEC to make one`);
  const { index } = await buildIndex(encoder, studiesOf(await openForRetrieval(data, select), split));
  if (file !== undefined) await saveIndex(file, index);
  return index;
}

/** Finds the studies nearest to an image or to words. Throws one line for an index of another checkpoint, or a query that is no file and no words. */
export async function query(options: QueryOptions): Promise<QueryResult> {
  const { query: words, gallery = 'images', count = 5 } = options;
  const kind = queryKind(words);
  const encoder = await openEncoder(options);
  try {
    const index = await openIndex(encoder, options);
    const { entries, reports, images, texts } = index;
    if (gallery === 'reports' && reports.length === 0) throw new HybridmedError('the index holds no reports; search --gallery images');
    const vector = await vectorOf(encoder, words, kind);
    const neighbour = (row: number, similarity: number): Neighbour => {
      const { id, image, report } = entries[row]!;
      return { id, similarity, image, impression: reports[report] ?? '' };
    };
    const nearest = nearestEntries(vector, gallery === 'images' ? images : texts, count).map(({ entry, similarity }) =>
      // A report represents the first study that has it.
      neighbour(gallery === 'images' ? entry : entries.findIndex(({ report }) => report === entry), similarity),
    );
    return { checkpoint: encoder.folder, query: words, kind, gallery, studies: entries.length, nearest };
  } finally {
    encoder.close();
  }
}
