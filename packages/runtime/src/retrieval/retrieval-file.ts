// retrieval.json of a checkpoint: the training texts that its model retrieves from. It comes from a stranger, so sizes are bounded.
import { join } from 'node:path';
import { z } from 'zod';
import { fileError, readJson } from '../files.ts';
import type { RetrievalIndex } from './retrieved-findings.ts';
import { maxEntries } from './retrieved-findings.ts';

/** Name of the file. */
export const retrievalFile = 'retrieval.json';

const section = z.string().max(20_000);
const indexSchema = z.object({
  version: z.literal(1),
  k: z.int().min(1).max(8),
  entries: z
    .array(z.object({ findings: section, impression: section, owners: z.array(z.string().max(64)).max(2) }))
    .min(1)
    .max(maxEntries),
});

/** Reads a checkpoint's file. Throws one line that names it and the field that is wrong. */
export async function readRetrieval(folder: string): Promise<RetrievalIndex> {
  const file = join(folder, retrievalFile);
  const result = indexSchema.safeParse(await readJson(file));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw fileError(file, `"${path.join('.')}": ${message.replace(/^Invalid input: /, '')}`, 'restore what was written with the checkpoint');
}
