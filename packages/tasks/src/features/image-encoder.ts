// Encodes studies' images on a device: from a loader through the image encoder and its projection, batch by batch.
import type { LoaderTokenizer, Study } from '@hybridmed/data';
import type { Checkpoint } from '@hybridmed/model';
import { imageFeatureGraph, throughFrozen } from '@hybridmed/model/graphs';
import { studyLoader } from '@hybridmed/runtime';
import type { Device, DeviceState, HostArrays, Program } from '@hybridmed/tensor';

/** Turns images into vectors on a device whose state holds the checkpoint's parameters. */
export interface ImageEncoder {
  /** `global` (N, Dv) and `embedding` (N, d) of studies' images, in order. Throws a DataError for an image that cannot be read. */
  encode(studies: readonly Study[], onProgress: (done: number, total: number) => void): Promise<HostArrays>;
  release(): void;
}

const batchSize = 32;

// Images are read without their texts.
const noTexts: LoaderTokenizer = { encode: () => [], special: { pad: 0 } };

/** Prepares encoding; the program is compiled when it is first needed. */
export function imageEncoder(device: Device, state: DeviceState, { model, config }: Checkpoint): ImageEncoder {
  let program: Promise<Program> | undefined;
  const compiled = (): Promise<Program> => (program ??= device.compile(imageFeatureGraph(model)));
  return {
    async encode(studies, onProgress) {
      // Every image is used once, so that none is kept in memory.
      const options = { studies, tokenizer: noTexts, batchSize, train: false, cacheBytes: 0 };
      const loader = studyLoader({ vision: model.vision, input: config.input }, options);
      // Compiles while workers start and decode the first images; what fails is thrown where the program is needed.
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
    },
    release() {
      program?.then((ready) => ready.release?.()).catch(() => undefined);
    },
  };
}
