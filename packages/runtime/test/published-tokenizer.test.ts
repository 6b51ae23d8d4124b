import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenizer } from '@hybridmed/runtime';
import { tokenizerFromVocab } from '@hybridmed/text';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'größe', 'grosse', 'große', '心', '##脏', '脏', 'no'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'published-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, value: unknown) =>
  writeFileSync(join(folder, name), typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value));
const tokensOf = async (text: string) => {
  const tokenizer = await readTokenizer(folder);
  return tokenizer
    .encode(text)
    .slice(1, -1)
    .map((id) => tokenizer.tokens[id]);
};

describe('a vocab.txt with a tokenizer_config.json', () => {
  beforeEach(() => write('vocab.txt', `\ufeff${vocabulary.join('\r\n')}\r\n`));

  test.each([
    [{ do_lower_case: true }, ['große', '心', '脏']],
    [{ do_lower_case: true, strip_accents: null, tokenizer_class: 'BertTokenizer' }, ['große', '心', '脏']],
    [{ do_lower_case: true, strip_accents: false }, ['größe', '心', '脏']],
    [{ do_lower_case: true, strip_accents: false, tokenize_chinese_chars: false }, ['größe', '心', '##脏']],
    [{ do_lower_case: false, strip_accents: true }, ['[UNK]', '心', '脏']],
    [{}, ['große', '心', '脏']],
  ])('%j is honoured', async (config, tokens) => {
    write('tokenizer_config.json', config);
    expect(await tokensOf('Größe 心脏')).toEqual(tokens);
  });

  test('tokens that it adds are added', async () => {
    write('tokenizer_config.json', {
      added_tokens_decoder: { 4: { content: '[MASK]', special: true }, 12: { content: '[FINDINGS]', lstrip: true, special: false } },
    });
    expect(await tokensOf('no [findings] no')).toEqual(['no', '[FINDINGS]', 'no']);
    write('tokenizer_config.json', { additional_special_tokens: ['no', '[MASK]'] });
    expect(await tokensOf('no, knot')).toEqual(['no', '[UNK]', '[UNK]', 'no', '[UNK]']);
  });

  test.each([
    [{ do_basic_tokenize: false }, 'do_basic_tokenize false'],
    [{ never_split: ['no'] }, 'never_split ["no"]'],
    [{ strip_accents: 'yes' }, 'strip_accents "yes"'],
    [{ unk_token: '<unk>' }, 'unk_token "<unk>"'],
    [{ cls_token: { content: '<s>' } }, 'cls_token "<s>"'],
    [{ tokenizer_class: 'BertJapaneseTokenizer' }, 'tokenizer_class "BertJapaneseTokenizer"'],
    [{ tokenizer_class: 'RobertaTokenizer' }, 'tokenizer_class "RobertaTokenizer"'],
    [{ additional_special_tokens: ['[X]'] }, 'additional_special_tokens "[X]"'],
  ])('%j is refused in one line that names it', async (config, message) => {
    write('tokenizer_config.json', config);
    await expect(readTokenizer(folder)).rejects.toThrow(message);
  });
});

test('capitals of any script say that a vocabulary is for texts as they are', async () => {
  write('vocab.txt', [...vocabulary, 'Лёгкие'].join('\n'));
  expect(await tokensOf('Лёгкие')).toEqual(['Лёгкие']);
  // A capital that has no small letter is in vocabularies of small letters too.
  write('vocab.txt', [...vocabulary, 'ℝ'].join('\n'));
  expect(await tokensOf('NO ℝ')).toEqual(['no', 'ℝ']);
});

test('a vocab.txt that is not UTF-8 is refused, not read with letters replaced', async () => {
  write('vocab.txt', Buffer.from(vocabulary.slice(0, 8).join('\n'), 'latin1'));
  await expect(readTokenizer(folder)).rejects.toThrow('is no text in UTF-8; save it in UTF-8');
});

test('a tokenizer.json and a tokenizer_config.json that say different things are refused', async () => {
  write('tokenizer.json', tokenizerFromVocab(vocabulary.join('\n'), { lowercase: true }).toJSON());
  write('tokenizer_config.json', { do_lower_case: true, strip_accents: true, tokenize_chinese_chars: true });
  expect(await tokensOf('GROẞE')).toEqual(['große']);
  write('tokenizer_config.json', { do_lower_case: true, strip_accents: false });
  await expect(readTokenizer(folder)).rejects.toThrow('says strip_accents false; make them agree');
  write('tokenizer_config.json', { do_lower_case: false });
  await expect(readTokenizer(folder)).rejects.toThrow('says do_lower_case false; make them agree');
});
