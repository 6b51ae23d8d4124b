// One query, an image or a sentence, against an index: the nearest studies.
import { existsSync, statSync } from 'node:fs';
import type { SelectOptions, Split } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { nearestEntries } from '@hybridmed/eval/protocols';
import type { OpenedModel } from '@hybridmed/runtime';
import { fileError } from '@hybridmed/runtime/files';
import { HybridmedError } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { FeatureOptions } from '../features/study-features.ts';
import { studyFeatures } from '../features/study-features.ts';
import { buildIndex, openForRetrieval, studiesOf } from './build-index.ts';
import type { RetrievalIndex } from './index-file.ts';
import { readIndex, saveIndex } from './index-file.ts';

/** What to look for, and where. */
export interface QueryOptions extends FeatureOptions {
  readonly model: OpenedModel;
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

async function vectorOf(words: string, kind: 'image' | 'text', { model, ...options }: QueryOptions): Promise<Vectors> {
  if (kind === 'text') return embedTexts(model, [words]);
  const study = { id: words, report: words, image: words, findings: '', impression: '', split: 'test' } as const;
  return (await studyFeatures(model, [study], 'embedding', options)).vectors;
}

async function openIndex({ model, index: file, data, split = 'all', select = {}, ...options }: QueryOptions): Promise<RetrievalIndex> {
  if (file !== undefined && existsSync(file)) return readIndex(file, await model.contentHash());
  if (data === undefined) throw new HybridmedError(`${file ?? '--query'}: there is no index yet; give --data SPEC to make one`);
  const { index } = await buildIndex(model, studiesOf(await openForRetrieval(data, select), split), options);
  if (file !== undefined) await saveIndex(file, index);
  return index;
}

/** Finds the studies nearest to an image or to words. Throws one line for an index of another checkpoint, or a query that is no file and no words. */
export async function query(options: QueryOptions): Promise<QueryResult> {
  const { model, query: words, gallery = 'images', count = 5 } = options;
  const kind = queryKind(words);
  model.require('align');
  const { entries, reports, images, texts } = await openIndex(options);
  if (gallery === 'reports' && reports.length === 0) throw new HybridmedError('the index holds no reports; search --gallery images');
  const vector = await vectorOf(words, kind, options);
  if (vector.shape[1] !== images.shape[1])
    throw fileError(options.index ?? 'the index', `has vectors of ${images.shape[1]} values, the model ${vector.shape[1]}`, 'make it anew under another name');
  const neighbour = (row: number, similarity: number): Neighbour => {
    const { id, image, report } = entries[row]!;
    return { id, similarity, image, impression: reports[report] ?? '' };
  };
  const nearest = nearestEntries(vector, gallery === 'images' ? images : texts, count).map(({ entry, similarity }) =>
    // A report represents the first study that has it.
    neighbour(gallery === 'images' ? entry : entries.findIndex(({ report }) => report === entry), similarity),
  );
  return { checkpoint: model.info.source, query: words, kind, gallery, studies: entries.length, nearest };
}
