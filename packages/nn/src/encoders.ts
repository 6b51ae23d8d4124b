// The two interfaces through which encoders are swapped: a custom encoder is a module with these outputs.
import type { HostArray, Tensor } from '@hybridmed/tensor';
import type { Module, Scope } from './module.ts';

/** What a vision encoder gives for images (B, C, H, W): patch tokens (B, N, width) and one vector per image (B, width), optionally patch importance (B, N). */
export interface VisionFeatures {
  readonly tokens: Tensor;
  readonly global: Tensor;
  /** How much the image's vector attends to each patch, for heat maps; no gradient flows through it. */
  readonly importance?: Tensor;
}

/** What a text encoder gives for ids and mask (B, L): token vectors (B, L, width), one vector per text (B, width), optionally word importance (B, L). */
export interface TextFeatures {
  readonly tokens: Tensor;
  readonly global: Tensor;
  /** Weight of each token in the text, for the local alignment loss; no gradient flows through it. */
  readonly importance?: Tensor;
}

/** A layer of an encoder that is a chain of layers: its parameters by the encoder's names, and `call` gets the encoder's scope. */
export interface EncoderLayer extends Module {
  readonly name: string;
}

/** An encoder as a chain, which may be cut between any two of its layers: those from the images on, and what makes features of the last one's result. */
export interface VisionChain {
  readonly layers: readonly EncoderLayer[];
  features(scope: Scope, h: Tensor): VisionFeatures;
}

/** Any module from images to features. `image` gives the input it was made for: side in pixels and channels. */
export interface VisionEncoder extends Module<readonly [image: Tensor], VisionFeatures> {
  readonly width: number;
  /** Number of patch tokens N. */
  readonly tokenCount: number;
  readonly image: { readonly size: number; readonly channels: number };
  /**
   * The features where some patches take no part: `shown` (B, N) f32 is 1 for a patch that does and 0 for one that is taken out, whose own
   * token then means nothing. For heat maps; an encoder whose patches cannot be separated, such as one of convolutions, has none.
   */
  partial?(scope: Scope, image: Tensor, shown: Tensor): VisionFeatures;
  /** Where it is a chain of layers: `call` is its layers one after another, then its features. What training leaves as it is at the chain's beginning is then computed once for each image. */
  readonly chain?: VisionChain;
  /**
   * A part that is no graph and never trained, such as a network another runtime computes: it runs first, outside, and `call` gets what it
   * makes of the images (B, C, H, W), an array (B, ...shape), in their place. The same images must give the same bits.
   */
  readonly frozen?: { readonly shape: readonly number[]; run(images: HostArray): Promise<HostArray> };
}

/** A layer of a text encoder that is a chain of layers: its parameters by the encoder's names; `call` gets the encoder's scope, what the layer before it gave and the mask (B, L). */
export interface TextLayer extends Module<readonly [h: Tensor, mask: Tensor]> {
  readonly name: string;
}

/** A text encoder as a chain, which may be cut between any two of its layers: those from the token ids on, and what makes features of the last one's result (B, L, ...). */
export interface TextChain {
  readonly layers: readonly TextLayer[];
  features(scope: Scope, h: Tensor, mask: Tensor): TextFeatures;
}

/** Any module from token ids (B, L) i32 and mask (B, L) f32 to features. What it makes of a text's tokens must not depend on padding behind them. */
export interface TextEncoder extends Module<readonly [ids: Tensor, mask: Tensor], TextFeatures> {
  readonly width: number;
  /** Number of distinct token ids. */
  readonly vocabulary: number;
  /** Max tokens, special ones included. */
  readonly maxTokens: number;
  /** Where it is a chain of layers: `call` is its layers one after another, then its features. What training leaves as it is at the chain's beginning is then computed once for each text. */
  readonly chain?: TextChain;
}
