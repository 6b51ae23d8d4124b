// A checkpoint ready to turn images and texts into vectors; images are encoded once and kept by content.
import type { LoaderTokenizer, Study } from '@hybridmed/data';
import { readableStudies } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint } from '@hybridmed/model';
import { imageFeatureGraph, throughFrozen } from '@hybridmed/model/graphs';
import type { CheckpointEncoders, FeatureCache } from '@hybridmed/runtime';
import { loadCheckpoint, resolveCheckpoint, studyLoader, featureCache, hashCheckpoint, hashFiles } from '@hybridmed/runtime';
import type { Device, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { embedTexts } from './embeddings.ts';

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
  /** Features of the studies' images, kept by content. Studies with an unreadable image are told and left out. */
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
  /** Folder of kept features, or `false` to keep none. */
  readonly cache?: string | false | undefined;
  readonly onMessage?: ((text: string) => void) | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const batchSize = 32;

// Images are read without their texts.
const noTexts: LoaderTokenizer = { encode: () => [], special: { pad: 0 } };

const vectors = ({ data, shape }: HostArray): Vectors => ({ data: data as Float32Array, shape });

/**
 * Loads a checkpoint for encoding. Throws one line for a checkpoint that is missing, damaged, or of stage 1, whose image encoder and
 * projections have not been trained.
 */
export async function openEncoder({
  checkpoint: path,
  device,
  encoders = {},
  cache: cacheFolder,
  onMessage = () => undefined,
  onProgress = () => undefined,
}: EncoderOptions): Promise<Encoder> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  if (checkpoint.config.stage === 1)
    throw new HybridmedError(`${folder}: is of stage 1, whose image encoder and alignment are not trained; name a stage-2 checkpoint`);
  const hash = await hashCheckpoint(folder);
  const cache: FeatureCache | undefined = cacheFolder === false ? undefined : featureCache(cacheFolder);
  const { model, config } = checkpoint;
  const state = device.createState(checkpoint.parameters);
  let program: Promise<Program> | undefined;
  // Compiled once, when first needed.
  const compiled = (): Promise<Program> => (program ??= device.compile(imageFeatureGraph(model)));

  async function encode(studies: readonly Study[]): Promise<HostArrays> {
    const loader = studyLoader(
      { vision: model.vision, input: config.input },
      {
        studies,
        tokenizer: noTexts,
        batchSize,
        train: false,
        // Every image is used once.
        cacheBytes: 0,
      },
    );
    // Compiles while workers start and decode the first films; what fails is thrown where the program is needed.
    const compiling = compiled();
    compiling.catch(() => undefined);
    const arrays: Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }> = {};
    try {
      let done = 0;
      for await (const batch of loader.batches()) {
        const results = await (await compiling).run({ image: await throughFrozen(model.vision, batch.arrays.image) }, state);
        for (const [name, { data, shape }] of Object.entries(results)) {
          const width = shape[1]!;
          arrays[name] ??= { data: new Float32Array(studies.length * width), shape: [studies.length, width] };
          arrays[name].data.set(data, done * width);
        }
        done += batch.studies.length;
        loader.recycle(batch);
        onProgress(done, studies.length);
      }
    } finally {
      await loader.close();
    }
    return arrays;
  }

  return {
    checkpoint,
    folder,
    hash,
    async images(given) {
      let studies = given;
      const attempt = async (): Promise<StudyFeatures> => {
        if (studies.length === 0) throw new HybridmedError('no image can be read; check the data set with `hybridmed data check --images`');
        // A single film, such as a query's, is not worth a file; what is behind a URL, or in a module's encoder, may change unseen.
        const keep = studies.length > 1 && config.model.vision.kind !== 'module' && !studies.some(({ image }) => /^https?:/.test(image));
        const key = cache && keep && { checkpoint: hash, images: await hashFiles(studies.map(({ image }) => image)), device: device.info.kind };
        const kept = key ? await cache.read(key, studies.length) : undefined;
        const arrays = kept ?? (await encode(studies));
        if (key && !kept)
          await cache.write(key, arrays).catch((error: Error) => {
            // A folder that the user named must serve; without the usual one, features are what they are.
            if (cacheFolder !== undefined) throw error;
            onMessage(`features are not kept: ${error.message} (--cache names another folder)`);
          });
        return { studies, global: vectors(arrays['global']!), embedding: vectors(arrays['embedding']!) };
      };
      try {
        return await attempt();
      } catch (error) {
        // Something could not be read: find out what, leave it out and say so. With nothing unreadable the error is another.
        const { studies: readable, unreadable } = await readableStudies(studies);
        if (unreadable.length === 0) throw error;
        for (const line of unreadable) onMessage(`left out: ${line}`);
        studies = readable;
        return attempt();
      }
    },
    texts: (texts) => embedTexts(device, state, checkpoint, texts),
    close() {
      program?.then((done) => done.release?.()).catch(() => undefined);
      state.drop();
    },
  };
}
