// Tokens as the words they spell, so that a map belongs to a word and not to a piece of one.
import type { Tokenizer } from '@hybridmed/text';

/** A word, and the places of its pieces among the tokens. */
export interface Word {
  readonly word: string;
  readonly places: readonly number[];
}

/** Words of token ids in order; special tokens belong to none. */
export function wordsOf(tokenizer: Pick<Tokenizer, 'decode'>, ids: readonly number[]): Word[] {
  const words: { word: string; places: number[] }[] = [];
  let textBefore = '';
  ids.forEach((_, place) => {
    const text = tokenizer.decode(ids.slice(0, place + 1));
    if (text === textBefore) return;
    const added = text.slice(textBefore.length);
    // A piece that continues a word adds no space before itself.
    if (words.length > 0 && !added.startsWith(' ')) {
      const last = words.at(-1)!;
      last.word += added;
      last.places.push(place);
    } else words.push({ word: added.trim(), places: [place] });
    textBefore = text;
  });
  return words;
}
