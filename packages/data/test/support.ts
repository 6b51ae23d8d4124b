// A temporary folder, and a word-per-id tokenizer for loaders.
import type { LoaderTokenizer } from '@hybridmed/data';

export { temporaryFolder } from '../../../tools/support/temporary-folder.ts';

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
