// Pipelines that give features of images and of texts.
import type { CallOptions, ModelSession, TokenArrays } from '@hybridmed/model/session';
import type { ImageReader, OneOrMany } from './contract.ts';
import { inBatches, oneOrMany, preparedImages, rowOf } from './contract.ts';

/** Which features: one vector of the encoder (as `embed` writes them), its tokens, or the unit vector of the space that images and texts share. */
export interface FeatureOptions extends CallOptions {
  readonly output?: 'global' | 'tokens' | 'embedding';
}

/** Features of one input: (width), or (tokens, width). */
export interface Features {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Features of images. */
export const imageFeatures = <Image>(model: ModelSession, read: ImageReader<Image>): OneOrMany<Image, FeatureOptions, Features> =>
  oneOrMany((images, { output = 'global', ...options }: FeatureOptions) =>
    inBatches(images, options, async (batch) => {
      const features = await model.imageFeatures(await preparedImages(model, read, batch), [output], options);
      return batch.map((_, row) => rowOf(features[output], row));
    }),
  );

/** Texts as their features read them: as impressions where they are compared with images, else as findings, which may be longer. */
const arraysOf = ({ prepare }: ModelSession, texts: readonly string[], output: FeatureOptions['output']): TokenArrays =>
  prepare.texts(texts, output === 'embedding' ? 'impression' : 'findings');

/** Features of texts. */
export const textFeatures = (model: ModelSession): OneOrMany<string, FeatureOptions, Features> =>
  oneOrMany((texts, { output = 'global', ...options }: FeatureOptions) =>
    inBatches(texts, options, async (batch) => {
      const arrays = arraysOf(model, batch, output);
      const features = (await model.textFeatures(arrays, [output], options)) as Readonly<Record<typeof output, Parameters<typeof rowOf>[0]>>;
      const width = arrays.mask.shape[1]!;
      const tokens = (row: number): number => (arrays.mask.data as Float32Array).subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 0);
      return batch.map((_, row) => rowOf(features[output], row, output === 'tokens' ? tokens(row) : undefined));
    }),
  );
