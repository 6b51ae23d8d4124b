// Builds an index from a data set's split: every image, and every distinct impression once.
import type { DataSet, SelectOptions, Split, Study } from '@hybridmed/data';
import { DataError, openDataSet } from '@hybridmed/data';
import type { OpenedModel } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { FeatureOptions } from '../features/study-features.ts';
import { studyFeatures } from '../features/study-features.ts';
import { distinctImpressions } from './distinct-impressions.ts';
import type { RetrievalIndex } from './index-file.ts';

/** Opens a set for its reports; one without reports for its images alone. Throws a DataError of one line where it has neither. */
export async function openForRetrieval(spec: string, select: SelectOptions): Promise<DataSet> {
  try {
    return await openDataSet(spec, { ...select, need: 'pairs' });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const images = await openDataSet(spec, { ...select, need: 'labels' }).catch(() => undefined);
    if (!images) throw error;
    return images;
  }
}

/** Studies of a split, or of all splits. Throws one line where there are none. */
export function studiesOf({ studies, spec }: DataSet, split: Split | 'all'): readonly Study[] {
  const ofSplit = split === 'all' ? studies : studies.filter((study) => study.split === split);
  if (ofSplit.length === 0) throw new HybridmedError(`${spec}: no studies in the split "${split}"; name another with --split`);
  return ofSplit;
}

/** Embeds studies: an index, and the studies whose images could be read, in its order. */
export async function buildIndex(
  model: OpenedModel,
  wanted: readonly Study[],
  options: FeatureOptions,
): Promise<{ index: RetrievalIndex; studies: readonly Study[] }> {
  const { studies, vectors: images } = await studyFeatures(model, wanted, 'embedding', options);
  const { texts: reports, own } = distinctImpressions(studies);
  const entries = studies.map(({ id, image }, i) => ({ id, image, report: own[i]! }));
  const texts = reports.length > 0 ? await embedTexts(model, reports) : { data: new Float32Array(0), shape: [0, images.shape[1]!] };
  return { index: { checkpoint: await model.contentHash(), entries, reports, images, texts }, studies };
}
