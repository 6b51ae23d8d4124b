// Writes features of texts or images as a safetensors file for other tools: token vectors, mask and one vector per input.
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
  readonly shapes: Readonly<Record<'tokens' | 'mask' | 'global', readonly number[]>>;
  /** Number of texts cut to the max number of tokens. */
  readonly cut: number;
}

const batchSize = 16;

/** Rows of features, computed batch by batch. */
interface FeatureRows {
  readonly count: number;
  /** Tokens of the longest row, to which all are padded; of images as many as the first batch has. */
  readonly length?: number;
  /** Features of rows `from` up to `to` with their mask (B, l), l at most `length`. */
  batch(from: number, to: number): Promise<Batch>;
}

/** Features of some rows with their mask (B, l). */
type Batch = Features & { readonly mask: HostArray };

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** Shapes of the file's tensors. */
type Shapes = EmbedResult['shapes'];

const shapesOf = ({ count, length }: FeatureRows, { tokens }: Batch): Shapes => {
  const [, own, width] = tokens.shape as [number, number, number];
  return { tokens: [count, length ?? own, width], mask: [count, length ?? own], global: [count, width] };
};

/** The file in chunks: only one batch's tokens are in memory at a time. The first batch says the shapes. */
async function* fileChunks(
  { count, batch }: FeatureRows,
  first: Batch,
  shapes: Shapes,
  metadata: Readonly<Record<string, string>>,
  onProgress: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const [, length, width] = shapes.tokens as [number, number, number];
  const f32 = (shape: readonly number[]) => ({ dtype: 'F32', shape }) as const;
  yield* safetensorsHeader({ tokens: f32(shapes.tokens), mask: f32(shapes.mask), global: f32(shapes.global) }, metadata);
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
    onProgress(to);
  }
  yield bytes(masks);
  yield bytes(globals);
}

async function write(
  out: string,
  source: string,
  rows: FeatureRows,
  metadata: Readonly<Record<string, string>>,
  cut: number,
  onProgress: (done: number, total: number) => void,
): Promise<EmbedResult> {
  const first = await rows.batch(0, Math.min(rows.count, batchSize));
  const shapes = shapesOf(rows, first);
  await writeFileAtomic(
    out,
    fileChunks(rows, first, shapes, { source, ...metadata }, (done) => onProgress(done, rows.count)),
  );
  return { out, source, shapes, cut };
}

/** Options of embedding. */
export interface EmbedOptions {
  readonly out: string;
  /** Max number of tokens of a text, special ones included; the source's own limit by default. */
  readonly maxTokens?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Embeds texts: `tokens` are zero at padding, `mask` is 1 for real tokens, special ones included. */
export async function embedTextsToFile(
  source: TextSource,
  texts: readonly string[],
  { out, maxTokens, onProgress = () => undefined }: EmbedOptions,
): Promise<EmbedResult> {
  const limit = Math.min(maxTokens ?? source.maxTokens, source.maxTokens);
  const lengths = texts.map((text) => source.tokenizer.encode(text).length);
  const rows: FeatureRows = {
    count: texts.length,
    length: lengths.reduce((longest, length) => Math.max(longest, Math.min(length, limit)), 0),
    async batch(from, to) {
      const { ids, mask } = prepareTexts(source.tokenizer, texts.slice(from, to), limit);
      return { ...(await source.run(ids, mask)), mask };
    },
  };
  return write(out, source.label, rows, { kind: 'texts' }, lengths.filter((length) => length > limit).length, onProgress);
}

/** Embeds images: every token is real. The files' names are in the metadata, in row order, as a JSON list under `files`. */
export async function embedImagesToFile(
  source: ImageSource,
  files: readonly string[],
  { out, onProgress = () => undefined }: EmbedOptions,
): Promise<EmbedResult> {
  const rows: FeatureRows = {
    count: files.length,
    async batch(from, to) {
      const squares: Uint8Array[] = [];
      for (const file of files.slice(from, to)) squares.push(await readSquare(file, source.image.resize));
      const features = await source.run(prepareSquares(source.image, squares));
      const shape = features.tokens.shape.slice(0, 2);
      return { ...features, mask: { data: new Float32Array(shape[0]! * shape[1]!).fill(1), shape } };
    },
  };
  return write(out, source.label, rows, { kind: 'images', files: JSON.stringify(files) }, 0, onProgress);
}
