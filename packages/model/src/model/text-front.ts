// How the graphs of a model read texts whose encoder has a frozen front, which is computed before them: the front's features in place of token ids.
import type { Scope, TextFeatures } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import type { TextName } from './batch-fields.ts';

/** What losses and decoder read of findings, and of an impression. */
export interface ReadFeatures {
  readonly findings: Pick<TextFeatures, 'tokens' | 'importance'>;
  readonly impression: Pick<TextFeatures, 'global'>;
}

/** A text's features: so many numbers for each of its tokens, (B, L, columns), or for the whole of it, (B, columns). */
export interface TextFeatureShape {
  readonly perToken: boolean;
  readonly columns: number;
}

/** The frozen front of a text encoder, as the model behind it knows it. */
export interface TextFront {
  readonly shapes: Readonly<Record<TextName, TextFeatureShape>>;
  /** Names of the model's parameters that are in the front. */
  readonly parameters: ReadonlySet<string>;
  /** What a text's features, 0 behind its tokens, and its mask (B, L) give, in the scope of the text encoder. */
  readonly read: { readonly [T in TextName]: (scope: Scope, features: Tensor, mask: Tensor) => ReadFeatures[T] };
}
