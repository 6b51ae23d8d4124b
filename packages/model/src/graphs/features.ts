// The graphs of a model in use: what its encoders and its common space make of images and texts, each output by its name.
import type { Alignment } from '@hybridmed/align';
import type { NamedShapes, Scope, TextFeatures, VisionFeatures } from '@hybridmed/nn';
import { normalize, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';
import { partSpecs } from './part-specs.ts';

/** What of a model images go through; without an alignment for the encoder's own features alone. */
export type ImageModel = Pick<Model, 'vision'> & Partial<Pick<Model, 'align'>> & { readonly parameters: NamedShapes };

/** What of a model texts go through; without an alignment for the encoder's own features alone. */
export type TextModel = Pick<Model, 'text'> & Partial<Pick<Model, 'align'>> & { readonly parameters: NamedShapes };

type Aligned<F> = (features: F, align: Alignment, scope: Scope) => Tensor;

const imageAlignment = {
  embedding: (features, align, scope) => normalize(align.projectImage(scope, features)),
  patches: (features, align, scope) => normalize(align.projectPatches(scope, features)),
} satisfies Record<string, Aligned<VisionFeatures>>;

const textAlignment = {
  embedding: (features, align, scope) => normalize(align.projectText(scope, features)),
  words: (features, align, scope) => normalize(align.projectWords(scope, features)),
} satisfies Record<string, Aligned<TextFeatures>>;

/**
 * What an image gives: the encoder's `tokens` (B, N, Dv) and its vector `global` (B, Dv), unit vectors of the common space `embedding` (B, d)
 * and `patches` (B, N, d), and the decoder's `memory` (B, N, Dv).
 */
export type ImageOutput = 'tokens' | 'global' | 'memory' | keyof typeof imageAlignment;

/**
 * What a text gives: the encoder's `tokens` (B, L, Dt) and its vector `global` (B, Dt), unit vectors of the common space `embedding` (B, d)
 * and `words` (B, L, d), the weights of its words `importance` (B, L), where the encoder has them, and the decoder's `memory` (B, L, Dt).
 */
export type TextOutput = 'tokens' | 'global' | 'memory' | 'importance' | keyof typeof textAlignment;

/** Encoder features by output name. */
const own = ({ tokens, global, importance }: TextFeatures | VisionFeatures): Partial<Tensors> => ({
  tokens,
  global,
  memory: tokens,
  ...(importance ? { importance } : {}),
});

function resultsOf<F extends TextFeatures | VisionFeatures>(
  features: F,
  outputs: readonly string[],
  alignment: Readonly<Record<string, Aligned<F>>>,
  align: Alignment | undefined,
  scope: Scope,
): Tensors {
  const ofEncoder = own(features);
  return Object.fromEntries(
    outputs.flatMap((name) => {
      const value = alignment[name] ? alignment[name](features, align!, scope) : ofEncoder[name];
      return value ? [[name, value]] : [];
    }),
  );
}

const prefixesOf = (part: string, outputs: readonly string[], alignment: object): string[] => [
  part,
  ...(outputs.some((name) => name in alignment) ? ['align.'] : []),
];

/** image (B, C, H, W) -> the named outputs. */
export function imageFeatureGraph(model: ImageModel, outputs: readonly ImageOutput[]): Graph {
  const state = partSpecs(model, prefixesOf('vision.', outputs, imageAlignment));
  return trace({ data: { image: batchSpecs(model).image }, state }, ({ image }, values) => {
    const scope = rootScope(values);
    const features = model.vision.call(scope.child('vision'), image!);
    return { results: resultsOf(features, outputs, imageAlignment, model.align, scope.child('align')) };
  });
}

const textSpecs: Readonly<Record<'ids' | 'mask', TensorSpec>> = { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } };

/** ids and mask (B, L), 1 for real tokens -> the named outputs. */
export function textFeatureGraph(model: TextModel, outputs: readonly TextOutput[]): Graph {
  return trace({ data: textSpecs, state: partSpecs(model, prefixesOf('text.', outputs, textAlignment)) }, ({ ids, mask }, values) => {
    const scope = rootScope(values);
    const features = model.text.call(scope.child('text'), ids!, mask!);
    return { results: resultsOf(features, outputs, textAlignment, model.align, scope.child('align')) };
  });
}

/** One image (1, C, H, W) and patch_mask (B, N), 0 for patches that are left out -> the decoder's `memory` (B, N, Dv), for an encoder that can leave patches out. */
export function partialMemoryGraph(model: Pick<Model, 'vision' | 'parameters'>): Graph {
  const [, ...shape] = batchSpecs(model).image.shape;
  const data: Record<string, TensorSpec> = {
    image: { shape: [1, ...shape], dtype: 'f32' },
    patch_mask: { shape: ['B', model.vision.tokenCount], dtype: 'f32' },
  };
  return trace({ data, state: partSpecs(model, ['vision.']) }, ({ image, patch_mask: mask }, values) => {
    const images = ops.broadcast(image!, [mask!.shape[0]!, ...shape]);
    return { results: { memory: model.vision.partial!(rootScope(values).child('vision'), images, mask!).tokens } };
  });
}
