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
  /** Token of each id. Ids that a vocabulary leaves out are empty texts. */
  readonly tokens: readonly string[];
  readonly special: SpecialIds;
  /** Ids of a text with [CLS] before and [SEP] after it, cut to `maxLength` ids in all. Special tokens written in the text are special tokens. */
  encode(text: string, maxLength?: number): number[];
  /** Text of ids: special tokens left out, word pieces joined. */
  decode(ids: ArrayLike<number>): string;
  /** The Hugging Face tokenizer.json document. */
  toJSON(): TokenizerDocument;
}

// A vocabulary of more tokens is none of a BERT; ids beyond it would make tables of terabytes.
const maxTokens = 2 ** 22;

/** Tokens by id: the model's, then those that were added to it. Throws a HybridmedError for an id that cannot be one. */
function tokensById(vocab: Readonly<Record<string, number>>, added: readonly AddedToken[]): string[] {
  const tokens: string[] = [];
  const entries = [...Object.entries(vocab), ...added.map(({ content, id }) => [content, id] as const)];
  for (const [token, id] of entries) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= maxTokens || typeof token !== 'string')
      throw new HybridmedError(`tokenizer: the token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}; ids are whole numbers from 0 on`);
    tokens[id] = token;
  }
  return Array.from(tokens, (token) => token ?? '');
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

/** The reader of Hugging Face; what it makes of a malformed document becomes one line. */
function openDocument(document: object): HfTokenizer {
  try {
    return new HfTokenizer(document, { tokenizer_class: 'BertTokenizer' });
  } catch (error) {
    throw new HybridmedError(`tokenizer: ${(error as Error).message.split('\n')[0]}; give the tokenizer.json of a BERT`);
  }
}

/** Builds a tokenizer from a tokenizer.json document. Throws a HybridmedError naming what the document lacks. */
export function tokenizerFromJson(json: unknown): Tokenizer {
  const document = json as Partial<TokenizerDocument> | null;
  const vocab = document?.model?.vocab;
  // The first versions of the format leave the type out.
  if ((document?.model?.type ?? 'WordPiece') !== 'WordPiece' || typeof vocab !== 'object' || vocab === null || Array.isArray(vocab))
    throw new HybridmedError('tokenizer: the document has no "model" of type WordPiece with a "vocab"; give a tokenizer.json of a BERT');
  const added = (document?.added_tokens ?? []) as readonly AddedToken[];
  if (!Array.isArray(added) || added.some((token) => typeof token !== 'object' || token === null))
    throw new HybridmedError('tokenizer: "added_tokens" is no list of tokens; give the tokenizer.json of a BERT');
  const pieces = tokensById(vocab, added);
  const idOf = new Map(pieces.map((token, index) => [token, index]));
  const id = (name: string): number => {
    const index = idOf.get(name);
    if (index === undefined) throw new HybridmedError(`tokenizer: the vocabulary has no ${name}; add it as a line of its own`);
    return index;
  };
  const mask = idOf.get('[MASK]');
  const special: SpecialIds = { pad: id('[PAD]'), unk: id('[UNK]'), cls: id('[CLS]'), sep: id('[SEP]'), ...(mask === undefined ? {} : { mask }) };
  const skipped = new Set<number>([special.pad, special.cls, special.sep, ...(mask === undefined ? [] : [mask])]);
  const inner = openDocument({ ...document, added_tokens: added, model: { ...document!.model, type: 'WordPiece' } });
  return {
    vocabularySize: pieces.length,
    tokens: pieces,
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
