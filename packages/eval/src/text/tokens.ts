// How texts are compared: lower case without accents, words and numbers of any script, every other character a token of its own.

// A word may hold letters, digits and marks of any script; Han characters, between which no spaces are written, stand alone.
const token = /(?!\p{Script=Han})[\p{L}\p{N}\p{M}](?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}])*|[^\s\p{C}]/gu;
// oxlint-disable-next-line no-control-regex -- white space of ASCII.
const ascii = /^[\t-\r -~]*$/;
const asciiToken = /[a-z0-9]+|[^\sa-z0-9]/g;

/**
 * A text in the one form that both sides of a comparison have: decomposed, accents (non-spacing marks) and invisible characters off,
 * lower case. A tokenizer for lower case decodes to such texts, so that a report it gives back unchanged is one with its reference.
 */
export function foldText(text: string): string {
  const bare = text.normalize('NFD').replace(/\p{Mn}|(?![\t-\r])\p{C}/gu, '');
  // A capital sigma is a small one at a word's end to JavaScript alone; a capital I with a dot gives a mark.
  return bare
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replaceAll('ς', 'σ');
}

/**
 * Lower-cased words with punctuation separated by spaces, as generated and true texts are compared: in any language, accents left out
 * on both sides.
 */
export function normalizeForComparison(text: string): string {
  if (ascii.test(text)) return (text.toLowerCase().match(asciiToken) ?? []).join(' ');
  return (foldText(text).match(token) ?? []).join(' ').normalize('NFC');
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
