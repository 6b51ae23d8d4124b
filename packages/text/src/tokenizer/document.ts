// A Hugging Face tokenizer.json document for a BERT-style WordPiece vocabulary.

/** Names of the special tokens a vocabulary has. */
export const specialNames = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** The part of a tokenizer.json that this package reads. */
export interface TokenizerDocument {
  readonly model: { readonly type: string; readonly vocab: Readonly<Record<string, number>>; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** Settings of a BertNormalizer: lower case; accents off (by default in lower case alone); Chinese characters apart (by default). */
export interface DocumentOptions {
  readonly lowercase: boolean;
  readonly stripAccents?: boolean | undefined;
  readonly chineseCharacters?: boolean | undefined;
}

/** BertNormalizer, BertPreTokenizer, WordPiece and the [CLS] ... [SEP] template around a vocabulary. */
export function wordPieceDocument(
  vocab: Readonly<Record<string, number>>,
  { lowercase, stripAccents, chineseCharacters = true }: DocumentOptions,
): TokenizerDocument {
  const special = specialNames.filter((name) => vocab[name] !== undefined);
  const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: chineseCharacters, strip_accents: stripAccents ?? null, lowercase },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [token('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, token('[SEP]')],
      pair: [token('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, token('[SEP]'), { Sequence: { id: 'B', type_id: 1 } }, token('[SEP]')],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
}
