// A checkpoint ready to turn images and texts into vectors; images are encoded once and cached by content.
import type { Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint } from '@hybridmed/model';
import type { CheckpointEncoders, FeatureCache } from '@hybridmed/runtime';
import { featureCache, hashCheckpoint, hashFiles, loadCheckpoint, readableStudies, resolveCheckpoint } from '@hybridmed/runtime';
import type { Device, HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { embedTexts } from './embeddings.ts';
import type { ImageEncoder } from './image-encoder.ts';
import { imageEncoder } from './image-encoder.ts';

/** Vectors of images, row by row: the encoder's own (N, Dv), and unit vectors of the common space (N, d). */
export interface ImageFeatures {
  readonly global: Vectors;
  readonly embedding: Vectors;
}

/** Features of studies, without those whose image cannot be read. */
export interface StudyFeatures extends ImageFeatures {
  readonly studies: readonly Study[];
}

/** Turns images and texts into vectors. */
export interface Encoder {
  readonly checkpoint: Checkpoint;
  /** Folder and content hash of the checkpoint. */
  readonly folder: string;
  readonly hash: string;
  /** Features of the studies' images, cached by content. Studies with an unreadable image are reported and left out. */
  images(studies: readonly Study[]): Promise<StudyFeatures>;
  /** Unit vectors (N, d) of texts, read as impressions are. */
  texts(texts: readonly string[]): Promise<Vectors>;
  close(): void;
}

/** Options of an encoder. */
export interface EncoderOptions {
  /** A checkpoint, or a run's folder. */
  readonly checkpoint: string;
  readonly device: Device;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders | undefined;
  /** Folder of cached features, or `false` to cache none. */
  readonly cache?: string | false | undefined;
  readonly onMessage?: ((text: string) => void) | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What features are computed with, and where they are cached. */
interface FeatureSource extends Required<Pick<EncoderOptions, 'device' | 'onMessage' | 'onProgress'>> {
  readonly encoder: ImageEncoder;
  readonly checkpoint: Checkpoint;
  readonly hash: string;
  readonly cache: FeatureCache | undefined;
  /** Whether the user named the cache's folder. */
  readonly cacheNamed: boolean;
}

const vectors = ({ data, shape }: HostArray): Vectors => ({ data: data as Float32Array, shape });

/** A single image, such as a query's, is not worth a file; what is behind a URL, or in a module's encoder, may change unseen. */
const areCached = (studies: readonly Study[], { config }: Checkpoint): boolean =>
  studies.length > 1 && config.model.vision.kind !== 'module' && !studies.some(({ image }) => /^https?:/.test(image));

/** Features of studies' images: cached ones, else computed and cached. Throws where an image cannot be read. */
async function featuresOf(source: FeatureSource, studies: readonly Study[]): Promise<StudyFeatures> {
  const { encoder, checkpoint, hash, device, cache, cacheNamed, onMessage, onProgress } = source;
  if (studies.length === 0) throw new HybridmedError('no image can be read; check the data set with `hybridmed data check --images`');
  const key = async () => ({ checkpoint: hash, images: await hashFiles(studies.map(({ image }) => image)), device: device.info.kind });
  const place = cache && areCached(studies, checkpoint) ? { cache, key: await key() } : undefined;
  const earlier = await place?.cache.read(place.key, studies.length);
  const arrays = earlier ?? (await encoder.encode(studies, onProgress));
  if (place && !earlier)
    await place.cache.write(place.key, arrays).catch((error: Error) => {
      // A folder that the user named must serve; without the usual one, features are what they are.
      if (cacheNamed) throw error;
      onMessage(`features are not kept: ${error.message} (--cache names another folder)`);
    });
  return { studies, global: vectors(arrays['global']!), embedding: vectors(arrays['embedding']!) };
}

/** `featuresOf` the studies whose image can be read; the others are reported. */
async function readableFeatures(source: FeatureSource, studies: readonly Study[]): Promise<StudyFeatures> {
  try {
    return await featuresOf(source, studies);
  } catch (error) {
    // Something could not be read: find out what, leave it out and say so. With nothing unreadable the error is another.
    const { studies: readable, unreadable } = await readableStudies(studies);
    if (unreadable.length === 0) throw error;
    for (const line of unreadable) source.onMessage(`left out: ${line}`);
    return featuresOf(source, readable);
  }
}

/**
 * Loads a checkpoint for encoding. Throws one line for a checkpoint that is missing, damaged, or of stage 1, whose image encoder and
 * projections have not been trained.
 */
export async function openEncoder(options: EncoderOptions): Promise<Encoder> {
  const { checkpoint: path, device, encoders = {}, cache: cacheFolder, onMessage = () => undefined, onProgress = () => undefined } = options;
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  if (checkpoint.config.stage === 1)
    throw new HybridmedError(`${folder}: is of stage 1, whose image encoder and alignment are not trained; name a stage-2 checkpoint`);
  const hash = await hashCheckpoint(folder);
  const cache = cacheFolder === false ? undefined : featureCache(cacheFolder);
  const state = device.createState(checkpoint.parameters);
  const encoder = imageEncoder(device, state, checkpoint);
  const source: FeatureSource = { encoder, checkpoint, hash, device, cache, cacheNamed: cacheFolder !== undefined, onMessage, onProgress };
  return {
    checkpoint,
    folder,
    hash,
    images: (studies) => readableFeatures(source, studies),
    texts: (texts) => embedTexts(device, state, checkpoint, texts),
    close() {
      encoder.release();
      state.drop();
    },
  };
}
