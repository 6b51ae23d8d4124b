// The distinct impressions of studies, which are the gallery of retrieval: equal ones are one entry.
import type { Study } from '@hybridmed/data';
import { normalizeForComparison } from '@hybridmed/eval';

/** Distinct impressions, in the order they first occur, and for each study the row of its own; -1 for a study without one. */
export function distinctImpressions(studies: readonly Study[]): { texts: string[]; own: number[] } {
  const rows = new Map<string, number>();
  const texts: string[] = [];
  const own = studies.map(({ impression }) => {
    const key = normalizeForComparison(impression);
    if (key === '') return -1;
    if (!rows.has(key)) {
      rows.set(key, texts.length);
      texts.push(impression);
    }
    return rows.get(key)!;
  });
  return { texts, own };
}
