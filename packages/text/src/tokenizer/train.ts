// Training a WordPiece vocabulary from a corpus.
import { specialNames, wordPieceDocument } from './document.ts';
import { normalizerOf } from './normalizer.ts';
import { preTokenizerOf } from './pre-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenizerFromJson } from './tokenizer.ts';

/** Options of training: greatest size (special tokens and alphabet included), lower-casing, and how often a pair must occur to be merged. */
export interface TrainOptions {
  size?: number;
  lowercase?: boolean;
  minFrequency?: number;
}

interface Word {
  pieces: string[];
  readonly count: number;
}

/**
 * A vocabulary of the special tokens, every character of the corpus, and merges of the most frequent neighbouring pieces, most
 * frequent first (as Hugging Face's WordPieceTrainer merges); ties go to the alphabetically first pair, so that it is deterministic.
 */
export function trainWordPiece(texts: Iterable<string>, { size = 4096, lowercase = true, minFrequency = 2 }: TrainOptions = {}): Tokenizer {
  const words = splitWords(countWords(texts, lowercase));
  const tokens = new Set<string>(specialNames);
  for (const piece of [...new Set(words.flatMap(({ pieces }) => pieces))].toSorted()) tokens.add(piece);
  const pairs = new PairIndex(words);
  while (tokens.size < size) {
    const best = pairs.best();
    if (!best || best.count < minFrequency) break;
    tokens.add(pairs.merge(best.key));
  }
  return tokenizerFromJson(wordPieceDocument(Object.fromEntries([...tokens].map((token, id) => [token, id])), { lowercase }));
}

function countWords(texts: Iterable<string>, lowercase: boolean): Map<string, number> {
  const { normalizer, pre_tokenizer: preTokenizer } = wordPieceDocument({}, { lowercase });
  const [normalize, words] = [normalizerOf(normalizer), preTokenizerOf(preTokenizer)];
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of words(normalize(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function splitWords(counts: ReadonlyMap<string, number>): Word[] {
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([word, count]) => ({ pieces: Array.from(word, (char, i) => (i === 0 ? char : `##${char}`)), count }));
}

const separator = '\u0000';

/** Counts of neighbouring pieces, and the words each pair occurs in. */
class PairIndex {
  readonly #words: readonly Word[];
  readonly #counts = new Map<string, number>();
  readonly #where = new Map<string, Set<number>>();

  constructor(words: readonly Word[]) {
    this.#words = words;
    words.forEach((_, index) => this.#count(index, 1));
  }

  #count(index: number, sign: 1 | -1): void {
    const { pieces, count } = this.#words[index]!;
    for (let i = 1; i < pieces.length; i++) {
      const key = pieces[i - 1]! + separator + pieces[i]!;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + sign * count);
      if (sign === 1) this.#where.set(key, (this.#where.get(key) ?? new Set()).add(index));
    }
  }

  best(): { key: string; count: number } | undefined {
    let best: { key: string; count: number } | undefined;
    for (const [key, count] of this.#counts) if (!best || count > best.count || (count === best.count && key < best.key)) best = { key, count };
    return best;
  }

  /** Joins a pair wherever it occurs; returns the new piece. */
  merge(key: string): string {
    const [left, right] = key.split(separator) as [string, string];
    const joined = left + right.replace(/^##/, '');
    for (const index of this.#where.get(key) ?? []) {
      this.#count(index, -1);
      const word = this.#words[index]!;
      const pieces: string[] = [];
      for (let i = 0; i < word.pieces.length; i++) {
        if (word.pieces[i] === left && word.pieces[i + 1] === right) {
          pieces.push(joined);
          i++;
        } else pieces.push(word.pieces[i]!);
      }
      word.pieces = pieces;
      this.#count(index, 1);
    }
    this.#counts.delete(key);
    this.#where.delete(key);
    return joined;
  }
}
