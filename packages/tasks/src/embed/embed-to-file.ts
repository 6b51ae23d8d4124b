// Writes features of texts or images as a safetensors file for other tools: token vectors, mask and one vector per input.
import { prepareTexts } from '@hybridmed/data/browser';
import { safetensorsHeader } from '@hybridmed/nn';
import { prepareImages } from '@hybridmed/runtime';
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
  /** Tokens of the longest row: what all are padded to. */
  readonly length: number;
  readonly width: number;
  /** Features of rows `from` up to `to` with their mask (B, l), l at most `length`. */
  batch(from: number, to: number): Promise<Features & { readonly mask: HostArray }>;
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** The file in chunks: only one batch's tokens are in memory at a time. */
async function* fileChunks(
  { count, length, width, batch }: FeatureRows,
  metadata: Readonly<Record<string, string>>,
  onProgress: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const f32 = (...shape: number[]) => ({ dtype: 'F32', shape }) as const;
  yield* safetensorsHeader({ tokens: f32(count, length, width), mask: f32(count, length), global: f32(count, width) }, metadata);
  const [masks, globals] = [new Float32Array(count * length), new Float32Array(count * width)];
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(count, from + batchSize);
    const { tokens, mask, global } = await batch(from, to);
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
  const { count, length, width } = rows;
  await writeFileAtomic(
    out,
    fileChunks(rows, { source, ...metadata }, (done) => onProgress(done, count)),
  );
  return { out, source, shapes: { tokens: [count, length, width], mask: [count, length], global: [count, width] }, cut };
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
    width: source.width,
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
    length: source.tokenCount,
    width: source.width,
    async batch(from, to) {
      const shape = [to - from, source.tokenCount];
      const mask = { data: new Float32Array(shape[0]! * shape[1]!).fill(1), shape };
      return { ...(await source.run(await prepareImages(source.image, files.slice(from, to)))), mask };
    },
  };
  return write(out, source.label, rows, { kind: 'images', files: JSON.stringify(files) }, 0, onProgress);
}
