// Cutting a published vocabulary to what a corpus uses: a small model need not carry 30,000 rows for a few thousand words.
import type { AddedToken } from './added-tokens.ts';
import { specialNames, wordPieceDocument } from './document.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenizerFromJson } from './tokenizer.ts';

/**
 * The tokenizer with only the special tokens, the pieces that `texts` use, and their characters, renumbered in the old order. The
 * texts are cut up as before; other words may fall into shorter pieces. Rows of a pre-trained embedding no longer fit.
 */
export function cutVocabulary(tokenizer: Tokenizer, texts: Iterable<string>): Tokenizer {
  const document = tokenizer.toJSON();
  const { vocab, continuing_subword_prefix: prefix = '##' } = document.model;
  const bare = (piece: string): string => (piece.startsWith(String(prefix)) ? piece.slice(String(prefix).length) : piece);
  const usedIds = new Set<number>();
  // Whole texts: a word that a truncation cuts in two needs its other half's pieces.
  const whole = tokenizerFromJson({ ...document, truncation: null });
  for (const text of texts) for (const id of whole.encode(text)) usedIds.add(id);
  const added = (document['added_tokens'] ?? []) as readonly AddedToken[];
  const beyond = added.filter(({ content }) => !Object.hasOwn(vocab, content)).map(({ content, id }): [string, number] => [content, id]);
  const ordered = [...Object.entries(vocab), ...beyond].toSorted(([, a], [, b]) => a - b);
  const characters = new Set(ordered.flatMap(([piece, id]) => (usedIds.has(id) ? [...bare(piece)] : [])));
  const special = new Set<string>(specialNames);
  const keptPieces = ordered.filter(([piece, id]) => special.has(piece) || usedIds.has(id) || characters.has(bare(piece)));
  const ids = new Map(keptPieces.map(([piece], id) => [piece, id]));
  const cutVocab = Object.fromEntries([...ids].filter(([piece]) => Object.hasOwn(vocab, piece)));
  const { normalizer, pre_tokenizer, truncation } = document;
  const around = wordPieceDocument(Object.fromEntries(ids), { lowercase: false });
  return tokenizerFromJson({
    ...around,
    normalizer,
    pre_tokenizer,
    truncation: truncation ?? null,
    added_tokens: added.flatMap((token) => (ids.has(token.content) ? [{ ...token, id: ids.get(token.content)! }] : [])),
    model: { ...document.model, vocab: cutVocab },
  });
}
