// WordPiece tokenization as Hugging Face's tokenizers compute it from a document, with special tokens looked up by name.
import { HybridmedError } from '@hybridmed/tensor';
import type { AddedToken } from './added-tokens.ts';
import { splitAtAdded } from './added-tokens.ts';
import type { DocumentOptions, TokenizerDocument } from './document.ts';
import { wordPieceDocument } from './document.ts';
import { normalizerOf } from './normalizer.ts';
import { preTokenizerOf } from './pre-tokenizer.ts';
import { checkTemplate, truncationOf } from './template.ts';
import { wordPiece } from './word-piece.ts';

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

/** Added tokens have the ids of the vocabulary, or those that follow it in order: Hugging Face's tokenizers give no others, whatever the document says. */
function checkAddedIds(added: readonly AddedToken[], inVocabulary: ReadonlyMap<string, number>): void {
  let next = inVocabulary.size;
  const listed = new Set<string>();
  for (const { content, id } of added) {
    if (listed.has(content)) continue;
    listed.add(content);
    const own = inVocabulary.get(content) ?? next++;
    if (own !== id) throw new HybridmedError(`tokenizer: the added token ${JSON.stringify(content)} has the id ${id}, its place is ${own}; make them agree`);
  }
}

/** Ids of a text without [CLS] and [SEP]. Throws a HybridmedError that names a setting which is not honoured. */
function encoder(document: Partial<TokenizerDocument>, added: readonly AddedToken[]): (text: string) => number[] {
  const { vocab } = document.model!;
  const inVocabulary = new Map(Object.entries(vocab));
  checkAddedIds(added, inVocabulary);
  const split = splitAtAdded(added, normalizerOf(document['normalizer']));
  const words = preTokenizerOf(document['pre_tokenizer']);
  const pieces = wordPiece(document.model!, inVocabulary);
  return (text) => split(text).flatMap((part) => (typeof part === 'number' ? [part] : words(part).flatMap(pieces)));
}

/** Builds a tokenizer from a tokenizer.json document. Throws a HybridmedError naming what the document lacks, or a setting that is not honoured. */
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
  checkTemplate(document!['post_processor'], special);
  const [inner, { most, fromLeft }] = [encoder(document!, added), truncationOf(document!['truncation'])];
  const prefix = String(document!.model!['continuing_subword_prefix'] ?? '##');
  return {
    vocabularySize: pieces.length,
    tokens: pieces,
    special,
    encode(text, maxLength = Infinity) {
      const ids = inner(text);
      if (maxLength < 2) return [special.sep].slice(0, maxLength);
      const room = Math.max(0, Math.min(maxLength, most) - 2);
      const within = ids.length <= room ? ids : fromLeft ? ids.slice(ids.length - room) : ids.slice(0, room);
      return [special.cls, ...within, special.sep];
    },
    decode(ids) {
      let text = '';
      for (let i = 0; i < ids.length; i++) {
        if (skipped.has(ids[i]!)) continue;
        const piece = pieces[ids[i]!] ?? '[UNK]';
        text += piece.startsWith(prefix) ? piece.slice(prefix.length) : text === '' ? piece : ` ${piece}`;
      }
      return text;
    },
    toJSON: () => document as TokenizerDocument,
  };
}

/**
 * Builds a tokenizer from vocab.txt: one token a line, its id the line's number from 0; of equal lines the last. Options are those of a
 * BertNormalizer. Throws a HybridmedError for a missing special token.
 */
export function tokenizerFromVocab(text: string, options: DocumentOptions): Tokenizer {
  const lines = text.split('\n').map((line) => line.trimEnd());
  if (lines.at(-1) === '') lines.pop();
  const vocab: Record<string, number> = Object.create(null) as Record<string, number>;
  lines.forEach((line, id) => (vocab[line] = id));
  return tokenizerFromJson(wordPieceDocument(vocab, options));
}
