// Lengths of texts, and texts that are equal word for word.
import { wordCount } from '../text.ts';

/** Lengths in words. */
export interface LengthSummary {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Lengths of texts; empty texts are left out. */
export function lengthsOf(texts: Iterable<string>): LengthSummary {
  const sorted = Int32Array.from(
    [...texts].filter((text) => text !== ''),
    wordCount,
  ).toSorted();
  const at = (fraction: number) => sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}

/** Number of texts that another one equals; empty texts are left out. */
export function repeatedTexts(texts: Iterable<string>): number {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
  let repeated = 0;
  for (const count of counts.values()) if (count > 1) repeated += count;
  return repeated;
}
