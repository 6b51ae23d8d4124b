// What a tokenizer_config.json says beside a vocabulary: honoured as transformers' BertTokenizer does, or refused by its name.
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { tokenizerFromJson } from '@hybridmed/text';

/** A tokenizer_config.json. */
export type TokenizerConfig = Readonly<Record<string, unknown>>;

/** Names of settings by those of a BertNormalizer. */
const ofNormalizer = { lowercase: 'do_lower_case', strip_accents: 'strip_accents', handle_chinese_chars: 'tokenize_chinese_chars' } as const;

function refuse(setting: string, value: unknown): never {
  throw new HybridmedError(`tokenizer_config.json beside it says ${setting} ${JSON.stringify(value)}, which is not honoured`);
}

/** A boolean setting; undefined where it is left out or null. */
function flagOf(config: TokenizerConfig, name: string): boolean | undefined {
  const value = config[name] ?? undefined;
  if (value !== undefined && typeof value !== 'boolean') refuse(name, value);
  return value;
}

// Classes that cut texts up as BertTokenizer does; others of these names do not.
const [bertLike, unlike] = [/Bert|Electra|MPNet|Funnel|LayoutLM|Squeeze|Retri|DPR|Lxmert|^PreTrained/, /Japanese|Bertweet|BertGeneration/];
const standard: Readonly<Record<string, string>> = { unk_token: '[UNK]', pad_token: '[PAD]', cls_token: '[CLS]', sep_token: '[SEP]', mask_token: '[MASK]' };
const empty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0);
const contentOf = (token: unknown): unknown => (typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token);

/** The settings of a vocab.txt; `lowercase` where the file does not say. Throws a HybridmedError for one that is not honoured. */
export function bertSettings(
  config: TokenizerConfig,
  lowercase: boolean,
): { lowercase: boolean; stripAccents?: boolean | undefined; chineseCharacters?: boolean | undefined } {
  const kind = config['tokenizer_class'];
  if (typeof kind === 'string' && (!bertLike.test(kind) || unlike.test(kind))) refuse('tokenizer_class', kind);
  if (flagOf(config, 'do_basic_tokenize') === false) refuse('do_basic_tokenize', false);
  for (const name of ['never_split', 'word_tokenizer_type', 'subword_tokenizer_type']) if (!empty(config[name])) refuse(name, config[name]);
  for (const [name, content] of Object.entries(standard))
    if (!empty(config[name]) && contentOf(config[name]) !== content) refuse(name, contentOf(config[name]));
  return {
    lowercase: flagOf(config, ofNormalizer.lowercase) ?? lowercase,
    stripAccents: flagOf(config, ofNormalizer.strip_accents),
    chineseCharacters: flagOf(config, ofNormalizer.handle_chinese_chars),
  };
}

interface Added {
  readonly id: number;
  readonly content: string;
}

/** The tokenizer with the tokens that the file adds to its vocab.txt. Throws a HybridmedError for one whose id it does not say. */
export function addedBeside(tokenizer: Tokenizer, config: TokenizerConfig): Tokenizer {
  const decoder = (config['added_tokens_decoder'] ?? {}) as Readonly<Record<string, object>>;
  const added = Object.entries(decoder).map(([id, token]) => ({ ...token, id: Number(id) }) as Added);
  const known = new Set([...tokenizer.tokens, ...added.map(({ content }) => content)]);
  const more = ((config['additional_special_tokens'] ?? []) as readonly unknown[]).map(contentOf);
  const unknown = more.find((content) => typeof content !== 'string' || !known.has(content));
  if (unknown !== undefined) refuse('additional_special_tokens', unknown);
  const document = tokenizer.toJSON();
  const listed = [...(document['added_tokens'] as readonly Added[]), ...added.toSorted((a, b) => a.id - b.id)];
  const special = more
    .filter((content) => !listed.some((token) => token.content === content))
    .map((content) => ({ id: tokenizer.tokens.indexOf(content as string), content, special: true, normalized: false }) as Added);
  if (added.length + special.length === 0) return tokenizer;
  const last = new Map([...listed, ...special].map((token) => [token.content, token]));
  return tokenizerFromJson({ ...document, added_tokens: [...last.values()].toSorted((a, b) => a.id - b.id) });
}

/** Throws a HybridmedError where a tokenizer.json and the file beside it say different things of a BertNormalizer: which one is meant cannot be told. */
export function agree(document: unknown, config: TokenizerConfig): void {
  const normalizer = (document as { normalizer?: Readonly<Record<string, unknown>> | null } | null)?.normalizer;
  const kind = config['tokenizer_class'];
  if (normalizer?.['type'] !== 'BertNormalizer' || (typeof kind === 'string' && !/^\w*Bert\w*Tokenizer/.test(kind))) return;
  for (const [name, own] of Object.entries(ofNormalizer)) {
    const stated = config[own];
    if (typeof stated === 'boolean' && (normalizer[name] ?? (name === 'strip_accents' ? normalizer['lowercase'] : true)) !== stated)
      throw new HybridmedError(
        `its normalizer has ${name} ${JSON.stringify(normalizer[name])}, tokenizer_config.json beside it says ${own} ${stated}; make them agree`,
      );
  }
}
