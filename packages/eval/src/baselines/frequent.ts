// The texts that training studies share most often: the baseline that looks at nothing.
import { HybridmedError } from '@hybridmed/tensor';

/** The `count` most frequent texts, most frequent first; of equals, the first to occur. Fewer where there are fewer distinct ones. */
export function commonestTexts(texts: readonly string[], count: number): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  // Sorting is stable, and a map keeps the order of first occurrence.
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([text]) => text);
}

/** The text that occurs most often; of several, the first to occur. Throws for no texts. */
export function mostFrequent(texts: readonly string[]): string {
  const [best] = commonestTexts(texts, 1);
  if (best === undefined) throw new HybridmedError('mostFrequent: no texts; give the training impressions');
  return best;
}
