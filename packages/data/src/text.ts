// Texts of reports: normalized, their words counted, and what de-identification left in them.
import type { ResiduePolicy } from './study.ts';

/** Number of words: runs of characters between white space. */
export const wordCount = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** Line endings and runs of white space as single spaces, Unicode in composed form. */
export const normalizeText = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

// Open-I writes XXXX (sometimes longer, with a hyphen before or behind), MIMIC-CXR three underscores.
const residue = /\bX{3,}\b|_{2,}/g;

/**
 * What becomes of de-identification residue, `XXXX` (Open-I) and `___` (MIMIC-CXR): `keep` leaves the text, `remove` takes it out and
 * mends the white space and punctuation around it, `mask` puts `[MASK]` in its place.
 */
export function treatResidue(text: string, policy: ResiduePolicy): string {
  if (policy === 'keep') return text;
  if (policy === 'mask') return text.replace(residue, '[MASK]');
  return text
    .replace(residue, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,;:)])/g, '')
    .trim();
}
