// The pipeline that finds texts by images, and images by texts.
import type { Vectors } from '@hybridmed/eval';
import { nearestEntries } from '@hybridmed/eval/protocols';
import { takeRows } from '@hybridmed/model/host-arrays';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';
import { embedTexts, joined } from '../features/embeddings.ts';
import type { ImageReader } from './contract.ts';
import { inBatches, preparedImages } from './contract.ts';

/** How much is found. */
export interface RetrievalOptions extends CallOptions {
  /** How many of the nearest; all by default. */
  readonly count?: number;
}

/** An entry near a query: its place in the list that was searched, and its cosine. */
export interface Match {
  readonly index: number;
  readonly score: number;
}

/** Finds the texts nearest to images, or the images nearest to texts, nearest first. */
export interface Retriever<Image> {
  (
    query: { readonly image: Image },
    gallery: { readonly texts: readonly string[] },
    options?: RetrievalOptions,
  ): Promise<(Match & { readonly text: string })[]>;
  (
    query: { readonly text: string },
    gallery: { readonly images: readonly Image[] },
    options?: RetrievalOptions,
  ): Promise<(Match & { readonly image: Image })[]>;
  (
    query: { readonly images: readonly Image[] },
    gallery: { readonly texts: readonly string[] },
    options?: RetrievalOptions,
  ): Promise<(Match & { readonly text: string })[][]>;
  (
    query: { readonly texts: readonly string[] },
    gallery: { readonly images: readonly Image[] },
    options?: RetrievalOptions,
  ): Promise<(Match & { readonly image: Image })[][]>;
}

type Side<Image> = { readonly image: Image } | { readonly images: readonly Image[] } | { readonly text: string } | { readonly texts: readonly string[] };

/** A side's images or texts, and whether it is one alone. */
function entriesOf<Image>(side: Side<Image>): { images?: readonly Image[]; texts?: readonly string[]; one: boolean } {
  if ('image' in side) return { images: [side.image], one: true };
  if ('images' in side) return { images: side.images, one: false };
  return 'text' in side ? { texts: [side.text], one: true } : { texts: side.texts, one: false };
}

/** Retrieval between images and texts. */
export function retrieveTexts<Image>(model: ModelSession, read: ImageReader<Image>): Retriever<Image> {
  const ofImages = async (images: readonly Image[], options: CallOptions): Promise<Vectors> =>
    joined(
      await inBatches(images, options, async (batch) => [
        (await model.imageFeatures(await preparedImages(model, read, batch), ['embedding'], options)).embedding,
      ]),
    );
  const search = async (query: Side<Image>, gallery: Side<Image>, { count, ...options }: RetrievalOptions = {}) => {
    const [asked, searched] = [entriesOf(query), entriesOf(gallery)];
    if ((asked.images === undefined) === (searched.images === undefined)) throw new HybridmedError('search texts by images, or images by texts');
    const entries: readonly (Image | string)[] = searched.images ?? searched.texts!;
    if (entries.length === 0) throw new HybridmedError('there is nothing to search; give at least one text, or one image');
    const vectorsOf = ({ images, texts }: typeof asked) => (images ? ofImages(images, options) : embedTexts(model, texts!));
    const [queries, vectors] = [await vectorsOf(asked), await vectorsOf(searched)];
    const key = searched.images ? 'image' : 'text';
    const results = Array.from({ length: queries.shape[0]! }, (_, row) =>
      nearestEntries(takeRows(queries, [row]), vectors, Math.min(count ?? entries.length, entries.length)).map(({ entry, similarity }) => ({
        [key]: entries[entry]!,
        index: entry,
        score: similarity,
      })),
    );
    return asked.one ? results[0]! : results;
  };
  return search as unknown as Retriever<Image>;
}
