// What a module exports to be named as an encoder on the command line.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';

/** What a run needs of a vision encoder: the images that it passes to it. */
export interface VisionEncoderOptions {
  /** Side in pixels. */
  readonly size: number;
  readonly channels: number;
}

/** What a run needs of a text encoder. */
export interface TextEncoderOptions {
  /** Number of distinct token ids. */
  readonly vocabulary: number;
  /** Max number of tokens, special ones included. */
  readonly maxTokens: number;
}

/** The export `createVisionEncoder` of a module named by `--vision`. The encoder may be for images of another size. */
export type CreateVisionEncoder = (options: VisionEncoderOptions) => VisionEncoder | Promise<VisionEncoder>;

/** The export `createTextEncoder` of a module named by `--text`. */
export type CreateTextEncoder = (options: TextEncoderOptions) => TextEncoder | Promise<TextEncoder>;
