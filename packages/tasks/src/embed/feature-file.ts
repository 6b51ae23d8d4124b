// The file of features: token vectors, mask and one vector per input, as safetensors. Who computes the batches is left to others.
import { createHash } from 'node:crypto';
import { readSquare } from '@hybridmed/data';
import { prepareSquares, prepareTexts } from '@hybridmed/data/browser';
import { safetensorsHeader } from '@hybridmed/nn';
import { writeFileAtomic } from '@hybridmed/runtime/files';
import type { HostArray } from '@hybridmed/tensor';
import type { Features, ImageSource, TextSource } from './feature-sources.ts';

/** What was written: the shapes of `tokens` (N, L, width), `mask` (N, L) and `global` (N, width). */
export interface EmbedResult {
  readonly out: string;
  readonly source: string;
  /** `texts` or `images`. */
  readonly kind: string;
  readonly shapes: Readonly<Record<'tokens' | 'mask' | 'global', readonly number[]>>;
  /** Number of texts cut to the max number of tokens. */
  readonly cut: number;
}

/** Rows of a batch. */
export const batchSize = 16;

/** Features of some rows with their mask (B, l). */
export type FeatureBatch = Features & { readonly mask: HostArray };

/** What is known of a file before anything is computed. Plain JSON. */
export interface FileFacts {
  readonly source: string;
  /** SHA-256 of the inputs' texts, or of the images' names. */
  readonly inputs: string;
  /** Of the file; `kind` is one of them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Number of rows, and of texts that are cut. */
  readonly count: number;
  readonly cut: number;
  /** Tokens of the longest row, to which all are padded; of images as many as the first batch has. */
  readonly length?: number;
}

/** A file of features, and how its rows are computed. */
export interface FeatureFile {
  readonly facts: FileFacts;
  /** Features of rows `from` up to `to` with their mask (B, l), l at most `length`. */
  batch(from: number, to: number): Promise<FeatureBatch>;
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** Shapes of the file's tensors. */
type Shapes = EmbedResult['shapes'];

const shapesOf = ({ count, length }: FileFacts, { tokens }: FeatureBatch): Shapes => {
  const [, own, width] = tokens.shape as [number, number, number];
  return { tokens: [count, length ?? own, width], mask: [count, length ?? own], global: [count, width] };
};

/** The file in chunks: only one batch's tokens are in memory at a time. The first batch says the shapes. */
async function* fileChunks(
  { facts: { count, source, metadata }, batch }: FeatureFile,
  first: FeatureBatch,
  shapes: Shapes,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<Uint8Array> {
  const [, length, width] = shapes.tokens as [number, number, number];
  const f32 = (shape: readonly number[]) => ({ dtype: 'F32', shape }) as const;
  yield* safetensorsHeader({ tokens: f32(shapes.tokens), mask: f32(shapes.mask), global: f32(shapes.global) }, { source, ...metadata });
  const [masks, globals] = [new Float32Array(count * length), new Float32Array(count * width)];
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(count, from + batchSize);
    const { tokens, mask, global } = from === 0 ? first : await batch(from, to);
    const own = mask.shape[1]!;
    const padded = new Float32Array((to - from) * length * width);
    for (let row = 0; row < to - from; row++) {
      for (let at = 0; at < own; at++) {
        if (mask.data[row * own + at] === 0) continue;
        masks[(from + row) * length + at] = 1;
        padded.set(tokens.data.subarray((row * own + at) * width, (row * own + at + 1) * width), (row * length + at) * width);
      }
    }
    globals.set(global.data, from * width);
    yield bytes(padded);
    onProgress(to, count);
  }
  yield bytes(masks);
  yield bytes(globals);
}

/** Writes a file of features, whole or not at all. */
export async function writeFeatureFile(out: string, file: FeatureFile, onProgress: (done: number, total: number) => void): Promise<EmbedResult> {
  const { facts, batch } = file;
  const first = await batch(0, Math.min(facts.count, batchSize));
  const shapes = shapesOf(facts, first);
  await writeFileAtomic(out, fileChunks(file, first, shapes, onProgress));
  return { out, source: facts.source, kind: facts.metadata.kind!, shapes, cut: facts.cut };
}

const hashOf = (inputs: readonly string[]): string => createHash('sha256').update(JSON.stringify(inputs)).digest('hex');

/** Features of texts: `tokens` are zero at padding, `mask` is 1 for real tokens, special ones included. */
export function textFeatureFile(source: TextSource, texts: readonly string[], { maxTokens }: { readonly maxTokens?: number | undefined } = {}): FeatureFile {
  const limit = Math.min(maxTokens ?? source.maxTokens, source.maxTokens);
  const lengths = texts.map((text) => source.tokenizer.encode(text).length);
  return {
    facts: {
      source: source.label,
      inputs: hashOf(texts),
      metadata: { kind: 'texts' },
      count: texts.length,
      cut: lengths.filter((length) => length > limit).length,
      length: lengths.reduce((longest, length) => Math.max(longest, Math.min(length, limit)), 0),
    },
    async batch(from, to) {
      const { ids, mask } = prepareTexts(source.tokenizer, texts.slice(from, to), limit);
      return { ...(await source.run(ids, mask)), mask };
    },
  };
}

/** Features of images: every token is real. The files' names are in the metadata, in row order, as a JSON list under `files`. */
export function imageFeatureFile(source: ImageSource, files: readonly string[]): FeatureFile {
  return {
    facts: { source: source.label, inputs: hashOf(files), metadata: { kind: 'images', files: JSON.stringify(files) }, count: files.length, cut: 0 },
    async batch(from, to) {
      const squares: Uint8Array[] = [];
      for (const file of files.slice(from, to)) squares.push(await readSquare(file, source.image.resize));
      const features = await source.run(prepareSquares(source.image, squares));
      const shape = features.tokens.shape.slice(0, 2);
      return { ...features, mask: { data: new Float32Array(shape[0]! * shape[1]!).fill(1), shape } };
    },
  };
}
