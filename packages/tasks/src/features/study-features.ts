// Vectors of studies' images, batch by batch from a loader; they are computed once and cached by content.
import { availableParallelism } from 'node:os';
import type { LoaderTokenizer, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { FeatureCache, OpenedModel } from '@hybridmed/runtime';
import { featureCache, hashFiles, studyLoader, readableStudies } from '@hybridmed/runtime';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';

/** Which vector of an image: the encoder's own (N, Dv), or the unit vector of the common space (N, d). */
export type ImageVector = 'global' | 'embedding';

/** Vectors of studies' images, row by row, without studies whose image cannot be read. */
export interface StudyFeatures {
  readonly studies: readonly Study[];
  readonly vectors: Vectors;
}

/** How features are computed and kept. */
export interface FeatureOptions {
  /** Folder of cached features, or `false` to cache none. */
  readonly cache?: string | false | undefined;
  readonly onMessage?: ((text: string) => void) | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const batchSize = 32;
const maxWorkers = 8;

// Images are read without their texts.
const noTexts: LoaderTokenizer = { encode: () => [], special: { pad: 0 } };

/** Outputs of studies' images by name, in order. Throws a DataError for an image that cannot be read. */
async function encode(model: OpenedModel, studies: readonly Study[], outputs: readonly ImageVector[], { onProgress }: FeatureOptions): Promise<HostArrays> {
  // Every image is used once, so that none is kept in memory. An encoder is soon done with a batch, so that every core decodes while it waits.
  const workers = Math.min(maxWorkers, availableParallelism());
  const loader = studyLoader(model.info, { studies, tokenizer: noTexts, batchSize, train: false, cacheBytes: 0, workers });
  const arrays: Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }> = {};
  try {
    let done = 0;
    for await (const batch of loader.batches()) {
      const results = await model.imageFeatures(batch.arrays.image, outputs);
      for (const [name, { data, shape }] of Object.entries(results)) {
        const width = shape[1]!;
        arrays[name] ??= { data: new Float32Array(studies.length * width), shape: [studies.length, width] };
        arrays[name].data.set(data, done * width);
      }
      done += batch.studies.length;
      loader.recycle(batch);
      onProgress?.(done, studies.length);
    }
  } finally {
    await loader.close();
  }
  return arrays;
}

/** A single image, such as a query's, is not worth a file; what is behind a URL, or in a module's encoder, may change unseen. */
const areCached = (studies: readonly Study[], { info }: OpenedModel): boolean =>
  studies.length > 1 && !info.modules.includes('vision') && !studies.some(({ image }) => /^https?:/.test(image));

const vectors = ({ data, shape }: HostArray): Vectors => ({ data: data as Float32Array, shape });

/** A checkpoint gives both vectors in one pass, which are kept together; an export runs a graph for each. */
const outputsOf = ({ traced }: OpenedModel, output: ImageVector): readonly ImageVector[] => (traced ? ['global', 'embedding'] : [output]);

/** Where features are kept, and under which key. */
async function placeOf(model: OpenedModel, studies: readonly Study[], output: ImageVector, cache: FeatureCache | undefined) {
  if (!cache || !areCached(studies, model)) return undefined;
  const device = model.traced ? model.info.deviceKind : `${model.info.deviceKind} ${output}`;
  return { cache, key: { checkpoint: await model.contentHash(), images: await hashFiles(studies.map(({ image }) => image)), device } };
}

/** Features of studies' images: cached ones, else computed and cached. Throws where an image cannot be read. */
async function featuresOf(model: OpenedModel, studies: readonly Study[], output: ImageVector, options: FeatureOptions): Promise<StudyFeatures> {
  if (studies.length === 0) throw new HybridmedError('no image can be read; check the data set with `hybridmed data check --images`');
  const place = await placeOf(model, studies, output, options.cache === false ? undefined : featureCache(options.cache));
  const earlier = await place?.cache.read(place.key, studies.length);
  const arrays = earlier ?? (await encode(model, studies, outputsOf(model, output), options));
  if (place && !earlier)
    await place.cache.write(place.key, arrays).catch((error: Error) => {
      // A folder that the user named must serve; without the usual one, features are what they are.
      if (options.cache !== undefined) throw error;
      options.onMessage?.(`features are not kept: ${error.message} (--cache names another folder)`);
    });
  return { studies, vectors: vectors(arrays[output]!) };
}

/**
 * Vectors of studies' images, cached by content. Studies whose image cannot be read are reported and left out. Throws a SessionError where the
 * model does not have the part, and one line where no image can be read.
 */
export async function studyFeatures(model: OpenedModel, studies: readonly Study[], output: ImageVector, options: FeatureOptions = {}): Promise<StudyFeatures> {
  try {
    return await featuresOf(model, studies, output, options);
  } catch (error) {
    // Something could not be read: find out what, leave it out and say so. With nothing unreadable the error is another.
    const { studies: readable, unreadable } = await readableStudies(studies);
    if (unreadable.length === 0) throw error;
    for (const line of unreadable) options.onMessage?.(`left out: ${line}`);
    return featuresOf(model, readable, output, options);
  }
}
