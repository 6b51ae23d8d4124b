// Vectors of images and texts in batches, whoever prepares and computes them. It runs in a browser.
import type { Vectors } from '@hybridmed/eval';
import { concatRows } from '@hybridmed/model/host-arrays';
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';

/** Texts of one batch. */
export const textBatch = 64;

/** Vectors of batches as those of all their rows; (0, 0) of none. */
export const joined = (parts: readonly HostArray[]): Vectors => (parts.length === 0 ? { data: new Float32Array(0), shape: [0, 0] } : concatRows(parts));

/** Unit vectors (N, d) of texts in the common space, read as impressions are. */
export async function embedTexts(model: ModelSession, texts: readonly string[]): Promise<Vectors> {
  const parts: HostArray[] = [];
  for (let start = 0; start < texts.length; start += textBatch)
    parts.push((await model.textFeatures(texts.slice(start, start + textBatch), ['embedding'])).embedding);
  return joined(parts);
}
