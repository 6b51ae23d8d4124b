// Texts of reports: normalized, their words counted, and what happens to the placeholders of de-identification.
import type { DeidPlaceholderPolicy } from './study.ts';

/** Number of words: runs of characters between white space. */
export const wordCount = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** Words of a section in 16 bits: 0 where it is empty, else one more than it has, of 65,534 and more 65,535. */
export const countedWords = (text: string): number => (text === '' ? 0 : Math.min(65_535, wordCount(text) + 1));

/** Line endings and runs of white space as single spaces, Unicode in composed form; empty where nothing of it can be seen. */
export const normalizeText = (text: string): string => (/[^\p{C}\p{Z}\p{DI}]/u.test(text) ? text.normalize('NFC').replace(/\s+/g, ' ').trim() : '');

// Open-I writes XXXX (sometimes longer, with a hyphen before or behind), MIMIC-CXR three underscores.
const placeholder = /\bX{3,}\b|_{2,}/g;

/**
 * What happens to placeholders of de-identification, `XXXX` (Open-I) and `___` (MIMIC-CXR): `keep` leaves the text, `remove` takes them
 * out and mends the white space and punctuation around them, `mask` puts `[MASK]` in their place.
 */
export function replacePlaceholders(text: string, policy: DeidPlaceholderPolicy): string {
  if (policy === 'keep') return text;
  if (policy === 'mask') return text.replace(placeholder, '[MASK]');
  return text
    .replace(placeholder, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,;:)])/g, '')
    .trim();
}
