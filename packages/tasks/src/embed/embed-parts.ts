// Embedding in parts: each writes the features of its batches, and all of them together make the file that one process would have written.
import type { Part, PartEntry, Parts } from '@hybridmed/runtime/parts';
import { shareOf, writePart } from '@hybridmed/runtime/parts';
import { HybridmedError } from '@hybridmed/tensor';
import { z } from 'zod';
import type { EmbedResult, FeatureBatch, FeatureFile, FileFacts } from './feature-file.ts';
import { batchSize, writeFeatureFile } from './feature-file.ts';

/** The command's name in parts. */
export const embedCommand = 'embed';

/** Where a part goes, and what the model is known by. */
export interface EmbedPart {
  readonly folder: string;
  readonly part: Part;
  readonly weights: string;
}

/** Computes a part's batches of a file, and gives the part's file. */
export async function writeEmbedPart(
  { folder, part, weights }: EmbedPart,
  { facts, batch }: FeatureFile,
  onProgress: (done: number, total: number) => void,
): Promise<string> {
  const [first, end] = shareOf(part, Math.ceil(facts.count / batchSize));
  async function* entries(): AsyncGenerator<PartEntry> {
    for (let number = first; number < end; number++) {
      yield { list: 'batches', value: await batch(number * batchSize, Math.min(facts.count, (number + 1) * batchSize)) };
      onProgress(number + 1 - first, end - first);
    }
  }
  return writePart(folder, part, { command: embedCommand, facts: { ...facts, weights } }, entries());
}

const size = z.int().nonnegative();
const factsSchema = z.object({
  source: z.string(),
  inputs: z.string(),
  metadata: z.record(z.string(), z.string()),
  count: size,
  cut: size,
  length: size.optional(),
});
const array = z
  .object({ data: z.instanceof(Float32Array), shape: z.array(size) })
  .refine(({ data, shape }) => shape.reduce((a, b) => a * b, 1) === data.length);
const batchSchema = z.object({ tokens: array, mask: array, global: array });

/** A batch of so many rows. Throws where it is none, or of another width than the first. */
function checkedBatch(value: unknown, { length }: FileFacts, rows: number, first: FeatureBatch | undefined): FeatureBatch {
  const { success, data } = batchSchema.safeParse(value);
  const [count, own, width] = data?.tokens.shape ?? [];
  const fits =
    success &&
    data.tokens.shape.length === 3 &&
    count === rows &&
    own! <= (length ?? first?.tokens.shape[1] ?? own!) &&
    String(data.mask.shape) === String([rows, own]) &&
    String(data.global.shape) === String([rows, width]) &&
    (first === undefined || first.tokens.shape[2] === width);
  if (!fits) throw new HybridmedError('the parts hold a batch of another shape than their first ones; run them again');
  return data;
}

/** Writes the file of all parts. Throws one line for parts that do not hold what their facts say. */
export async function mergeEmbedded(parts: Parts, out: string): Promise<EmbedResult> {
  const { success, data: facts } = factsSchema.safeParse(parts.facts);
  if (!success || facts.count === 0) throw new HybridmedError('the parts do not say what they hold; run them again');
  const file = { ...facts, ...(facts.length === undefined ? {} : { length: facts.length }) } as FileFacts;
  const entries = parts.entries();
  let first: FeatureBatch | undefined;
  const batch = async (from: number, to: number): Promise<FeatureBatch> => {
    const { value, done } = await entries.next();
    if (done) throw new HybridmedError(`the parts hold ${from} rows of ${facts.count}; run them again`);
    const own = checkedBatch(value.value, file, to - from, first);
    first ??= own;
    return own;
  };
  return writeFeatureFile(out, { facts: file, batch }, () => undefined);
}
