// A temporary folder, and a word-per-id tokenizer for loaders.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoaderTokenizer } from '@hybridmed/data';

/** A folder and the function that removes it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-data-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Ids from the letters of each word; [PAD] 0, [CLS] 2, [SEP] 3. */
export const tokenizer: LoaderTokenizer & { readonly special: { pad: number; cls: number; sep: number } } = {
  special: { pad: 0, cls: 2, sep: 3 },
  encode(text, maxLength) {
    const words = text.split(/\s+/).map((word) => 4 + ([...word].reduce((sum, letter) => sum + letter.codePointAt(0)!, 0) % 90));
    return [2, ...words.slice(0, maxLength - 2), 3];
  },
};

/** The tokenizer as a worker makes it. */
export const createTokenizer = (): LoaderTokenizer => tokenizer;
