// How texts are compared: lower case, words and numbers as they are, every other character a token of its own.

/** Lower-cased words with punctuation separated by spaces, as generated and true texts are compared. */
export function normalizeForComparison(text: string): string {
  return (text.toLowerCase().match(/[a-z0-9]+|[^\sa-z0-9]/g) ?? []).join(' ');
}

/** Tokens of a normalized text. */
export const splitTokens = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** Counts of the n-grams of one order, keyed by their tokens joined with spaces. */
export function countNgrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const key = tokens.slice(i, i + n).join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
