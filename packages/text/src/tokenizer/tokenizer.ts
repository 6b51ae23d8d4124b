// WordPiece tokenization through Hugging Face's tokenizers, with special tokens looked up by name.
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { HybridmedError } from '@hybridmed/tensor';
import type { TokenizerDocument } from './document.ts';
import { wordPieceDocument } from './document.ts';

/** Ids of the special tokens. */
export interface SpecialIds {
  readonly pad: number;
  readonly unk: number;
  readonly cls: number;
  readonly sep: number;
  readonly mask?: number;
}

/** Text to ids and back. */
export interface Tokenizer {
  readonly vocabularySize: number;
  readonly special: SpecialIds;
  /** Ids of a text with [CLS] before and [SEP] after it, cut to `maxLength` ids in all. Special tokens written in the text are special tokens. */
  encode(text: string, maxLength?: number): number[];
  /** Text of ids: special tokens left out, word pieces joined. */
  decode(ids: ArrayLike<number>): string;
  /** The Hugging Face tokenizer.json document. */
  toJSON(): TokenizerDocument;
}

/** Builds a tokenizer from a tokenizer.json document. Throws a HybridmedError naming what the document lacks. */
export function tokenizerFromJson(json: unknown): Tokenizer {
  const document = json as Partial<TokenizerDocument> | null;
  const vocab = document?.model?.vocab;
  if (document?.model?.type !== 'WordPiece' || typeof vocab !== 'object' || vocab === null)
    throw new HybridmedError('tokenizer: the document has no "model" of type WordPiece with a "vocab"; give a tokenizer.json of a BERT');
  const id = (name: string): number => {
    const found = vocab[name];
    if (found === undefined) throw new HybridmedError(`tokenizer: the vocabulary has no ${name}; add it as a line of its own`);
    return found;
  };
  const mask = vocab['[MASK]'];
  const special: SpecialIds = { pad: id('[PAD]'), unk: id('[UNK]'), cls: id('[CLS]'), sep: id('[SEP]'), ...(mask === undefined ? {} : { mask }) };
  const skipped = new Set<number>([special.pad, special.cls, special.sep, ...(mask === undefined ? [] : [mask])]);
  const inner = new HfTokenizer(document, { tokenizer_class: 'BertTokenizer' });
  const pieces: string[] = [];
  for (const [piece, index] of Object.entries(vocab)) pieces[index] = piece;
  return {
    vocabularySize: pieces.length,
    special,
    encode(text, maxLength = Infinity) {
      const { ids } = inner.encode(text);
      return ids.length <= maxLength ? ids : [...ids.slice(0, maxLength - 1), special.sep];
    },
    decode(ids) {
      let text = '';
      for (let i = 0; i < ids.length; i++) {
        if (skipped.has(ids[i]!)) continue;
        const piece = pieces[ids[i]!] ?? '[UNK]';
        text += piece.startsWith('##') ? piece.slice(2) : text === '' ? piece : ` ${piece}`;
      }
      return text;
    },
    toJSON: () => document as TokenizerDocument,
  };
}

/** Builds a tokenizer from vocab.txt: one token a line, its id the line's number from 0. Throws a HybridmedError for a missing special token. */
export function tokenizerFromVocab(text: string, { lowercase }: { lowercase: boolean }): Tokenizer {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const vocab: Record<string, number> = Object.create(null) as Record<string, number>;
  lines.forEach((line, id) => (vocab[line] ??= id));
  return tokenizerFromJson(wordPieceDocument(vocab, { lowercase }));
}
