// Writes features of texts or images as a safetensors file for other tools: token vectors, mask and one vector per input.
import type { EmbedResult } from './feature-file.ts';
import { imageFeatureFile, textFeatureFile, writeFeatureFile } from './feature-file.ts';
import type { ImageSource, TextSource } from './feature-sources.ts';

/** Options of embedding. */
export interface EmbedOptions {
  readonly out: string;
  /** Max number of tokens of a text, special ones included; the source's own limit by default. */
  readonly maxTokens?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Embeds texts: `tokens` are zero at padding, `mask` is 1 for real tokens, special ones included. */
export const embedTextsToFile = (
  source: TextSource,
  texts: readonly string[],
  { out, maxTokens, onProgress = () => undefined }: EmbedOptions,
): Promise<EmbedResult> => writeFeatureFile(out, textFeatureFile(source, texts, { maxTokens }), onProgress);

/** Embeds images: every token is real. The files' names are in the metadata, in row order, as a JSON list under `files`. */
export const embedImagesToFile = (source: ImageSource, files: readonly string[], { out, onProgress = () => undefined }: EmbedOptions): Promise<EmbedResult> =>
  writeFeatureFile(out, imageFeatureFile(source, files), onProgress);
