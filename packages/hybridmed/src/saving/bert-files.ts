// A text encoder in the layout of Hugging Face's transformers: config.json, the tokenizer's files, and its pooling as sentence-transformers has it.
import type { BertConfig, Tokenizer } from '@hybridmed/text';
import { writePooling } from '@hybridmed/text';

/** Files of a folder by path, except the weights. */
export type TextFiles = Readonly<Record<string, string>>;

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** The config.json of a BertModel. */
function bertModelConfig({ vocabularySize, width, depth, heads, ffn, positions, types = 2, dropout = 0, epsilon = 1e-12 }: BertConfig, pad: number): object {
  return {
    architectures: ['BertModel'],
    model_type: 'bert',
    vocab_size: vocabularySize,
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    intermediate_size: ffn,
    max_position_embeddings: positions,
    type_vocab_size: types,
    hidden_act: 'gelu',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: 0,
    layer_norm_eps: epsilon,
    initializer_range: 0.02,
    position_embedding_type: 'absolute',
    pad_token_id: pad,
    torch_dtype: 'float32',
  };
}

/** All files of a saved text encoder except the weights. */
export function bertFiles(config: BertConfig, tokenizer: Tokenizer): TextFiles {
  const document = tokenizer.toJSON();
  const tokenOf = (id: number): string => tokenizer.tokens[id]!;
  const { pad, unk, cls, sep, mask } = tokenizer.special;
  const normalizer = (document['normalizer'] ?? {}) as { lowercase?: unknown; strip_accents?: unknown; handle_chinese_chars?: unknown };
  return {
    'config.json': json(bertModelConfig(config, pad)),
    ...Object.fromEntries(Object.entries(writePooling(config.pooling ?? 'cls', config.width)).map(([path, value]) => [path, json(value)])),
    'tokenizer.json': json(document),
    'vocab.txt': `${tokenizer.tokens.join('\n')}\n`,
    'tokenizer_config.json': json({
      tokenizer_class: 'BertTokenizer',
      do_lower_case: normalizer.lowercase === true,
      strip_accents: normalizer.strip_accents ?? null,
      tokenize_chinese_chars: normalizer.handle_chinese_chars !== false,
      model_max_length: config.positions,
      pad_token: tokenOf(pad),
      unk_token: tokenOf(unk),
      cls_token: tokenOf(cls),
      sep_token: tokenOf(sep),
      ...(mask === undefined ? {} : { mask_token: tokenOf(mask) }),
    }),
  };
}
