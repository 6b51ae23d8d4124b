// Cutting a published vocabulary to what a corpus uses: a small model need not carry 30,000 rows for a few thousand words.
import { specialNames, wordPieceDocument } from './document.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenizerFromJson } from './tokenizer.ts';

/**
 * The tokenizer with only the special tokens, the pieces that `texts` use, and their characters, renumbered in the old order. The
 * texts are cut up as before; other words may fall into shorter pieces. Rows of a pre-trained embedding no longer fit.
 */
export function cutVocabulary(tokenizer: Tokenizer, texts: Iterable<string>): Tokenizer {
  const document = tokenizer.toJSON();
  const { vocab } = document.model;
  const usedIds = new Set<number>();
  for (const text of texts) for (const id of tokenizer.encode(text)) usedIds.add(id);
  const ordered = Object.entries(vocab).toSorted(([, a], [, b]) => a - b);
  const characters = new Set(ordered.flatMap(([piece, id]) => (usedIds.has(id) ? [...bare(piece)] : [])));
  const special = new Set<string>(specialNames);
  const keptPieces = ordered.filter(([piece, id]) => special.has(piece) || usedIds.has(id) || characters.has(bare(piece)));
  return tokenizerFromJson(wordPieceDocument(Object.fromEntries(keptPieces.map(([piece], id) => [piece, id])), { lowercase: lowercases(document) }));
}

const bare = (piece: string): string => piece.replace(/^##/, '');

const lowercases = ({ normalizer }: { readonly [key: string]: unknown }): boolean => (normalizer as { lowercase?: boolean } | undefined)?.lowercase ?? false;
