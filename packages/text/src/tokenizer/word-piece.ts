// WordPiece: a word as the longest pieces of the vocabulary, from its beginning on.
import { HybridmedError } from '@hybridmed/tensor';
import type { Part } from './setting.ts';

/** Ids of a word's pieces. */
export type Pieces = (word: string) => readonly number[];

/** Makes the model of a document. Throws a HybridmedError for settings that cannot be. */
export function wordPiece(model: Part, idOf: ReadonlyMap<string, number>): Pieces {
  const { continuing_subword_prefix: prefix = '##', max_input_chars_per_word: longest = 100, unk_token: unknownToken = '[UNK]' } = model;
  const unknown = typeof unknownToken === 'string' ? idOf.get(unknownToken) : undefined;
  if (unknown === undefined)
    throw new HybridmedError(`tokenizer: the unk_token ${JSON.stringify(unknownToken)} is not in the vocabulary; give the tokenizer.json of a BERT`);
  if (typeof prefix !== 'string' || typeof longest !== 'number')
    throw new HybridmedError('tokenizer: continuing_subword_prefix is no text or max_input_chars_per_word no number; give the tokenizer.json of a BERT');
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > longest) return [unknown];
    const ids: number[] = [];
    for (let start = 0, end = 0; start < characters.length; start = end) {
      let id: number | undefined;
      for (end = characters.length; end > start; end--) {
        const piece = characters.slice(start, end).join('');
        id = idOf.get(start > 0 ? prefix + piece : piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown];
      ids.push(id);
    }
    return ids;
  };
}
