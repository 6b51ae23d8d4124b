import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Tokenizer, TokenizerDocument } from '@hybridmed/text';
import { cutVocabulary, tokenizerFromJson, tokenizerFromVocab, trainWordPiece } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';

const goldens = join(import.meta.dirname, '../../../../shared/goldens/wordpiece.json');
const vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'effusion', 'card', '##iomegaly', '.'].join('\n');

describe('WordPiece', () => {
  const tokenizer = tokenizerFromVocab(vocab, { lowercase: true });

  test('wraps ids in [CLS] and [SEP] and cuts to a length that counts both', () => {
    expect(tokenizer.encode('No cardiomegaly.')).toEqual([2, 5, 7, 8, 9, 3]);
    expect(tokenizer.encode('No cardiomegaly.', 4)).toEqual([2, 5, 7, 3]);
  });

  test('takes special tokens written in a text as special, unknown words as [UNK]', () => {
    expect(tokenizer.encode('[MASK] xyz')).toEqual([2, 4, 1, 3]);
  });

  test('decodes without special tokens and joins pieces', () => {
    expect(tokenizer.decode([2, 5, 7, 8, 9, 3, 0])).toBe('no cardiomegaly .');
  });

  test('survives a round trip through JSON', () => {
    const again = tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.encode('no effusion')).toEqual(tokenizer.encode('no effusion'));
    expect(again.special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
  });

  test('names a missing special token', () => {
    expect(() => tokenizerFromVocab('[PAD]\n[UNK]\n[CLS]\nno', { lowercase: true })).toThrow('the vocabulary has no [SEP]');
    expect(() => tokenizerFromJson({})).toThrow('no "model" of type WordPiece');
  });
});

describe("ids of PyPI's tokenizers, in many scripts", () => {
  const fixture = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/tokenizers.json'), 'utf8')) as {
    readonly vocab: readonly string[];
    readonly texts: readonly string[];
    readonly documents: readonly { readonly document: TokenizerDocument; readonly ids: readonly number[][] }[];
    readonly vocabularies: readonly { readonly options: { readonly lowercase: boolean }; readonly ids: readonly number[][] }[];
  };
  const vocabulary = Object.fromEntries(fixture.vocab.map((token, id) => [token, id]));
  const encodeAll = (tokenizer: Tokenizer) => fixture.texts.map((text) => tokenizer.encode(text));

  test('of documents of every kind of normalizer, pre-tokenizer, added token and truncation that is honoured', () => {
    for (const { document, ids } of fixture.documents) {
      const whole = tokenizerFromJson({ ...document, model: { ...document.model, vocab: vocabulary } });
      expect(encodeAll(whole), JSON.stringify(document)).toEqual(ids);
      // Cut to these texts, it cuts them up as before: the same tokens under other ids.
      const cut = cutVocabulary(whole, fixture.texts);
      expect(encodeAll(cut).map((own) => own.map((id) => cut.tokens[id]))).toEqual(ids.map((own) => own.map((id) => whole.tokens[id])));
    }
  });

  test('of a vocab.txt, with and without capitals, accents and Chinese characters apart', () => {
    for (const { options, ids } of fixture.vocabularies)
      expect(encodeAll(tokenizerFromVocab(fixture.vocab.join('\n'), options)), JSON.stringify(options)).toEqual(ids);
  });

  test("of equal lines of a vocab.txt the last counts, and white space at a line's end does not", () => {
    expect(tokenizerFromVocab(`${vocab}\r\nno \r\n`, { lowercase: true }).encode('no')).toEqual([2, 10, 3]);
  });

  const plain = { ...tokenizerFromVocab(vocab, { lowercase: true }).toJSON() };
  test.each([
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: '' } }, 'normalizer "Precompiled"'],
    [{ normalizer: { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { Regex: 'a+' }, content: '' }] } }, '"Replace" with a pattern'],
    [{ normalizer: { type: 'BertNormalizer', lowercase: 'yes' } }, '"lowercase" is "yes"'],
    [{ pre_tokenizer: { type: 'ByteLevel' } }, 'pre_tokenizer "ByteLevel"'],
    [{ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated' }] } }, '"Split" with a pattern'],
    [{ pre_tokenizer: { type: 'Punctuation', behavior: 'Sideways' } }, 'behavior "Sideways"'],
    [{ post_processor: null }, 'post_processor of null'],
    [{ post_processor: { type: 'BertProcessing', cls: ['[SEP]', 3], sep: ['[CLS]', 2] } }, 'other tokens around a text'],
    [{ truncation: { max_length: 0, direction: 'Right' } }, 'truncation to 0'],
    [{ added_tokens: [{ id: 6, content: 'no' }] }, 'the added token "no" has the id 6, its place is 5'],
    [{ added_tokens: [{ id: 99, content: 'yes' }] }, 'the added token "yes" has the id 99, its place is 10'],
    [{ model: { ...plain.model, unk_token: '<unk>' } }, 'unk_token "<unk>"'],
  ])('what is not honoured is refused by its name: %j', (part, message) => {
    expect(() => tokenizerFromJson({ ...plain, ...part })).toThrow(message);
  });
});

describe('training a vocabulary', () => {
  const texts = ['No pleural effusion.', 'Pleural effusion on the left.', 'Effusions are gone.'];

  test('holds the special tokens, every character and frequent merges, and is deterministic', () => {
    const [a, b] = [trainWordPiece(texts, { size: 80 }), trainWordPiece(texts, { size: 80 })];
    expect(a.toJSON()).toEqual(b.toJSON());
    expect(a.special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
    expect(a.encode('effusion')).toHaveLength(3);
    for (const text of texts) expect(a.encode(text)).not.toContain(a.special.unk);
    expect(a.vocabularySize).toBeLessThanOrEqual(80);
  });
});

describe('cutting a vocabulary', () => {
  const tokenizer = tokenizerFromVocab(`${vocab}\nn\n##o\nd\nunused`, { lowercase: true });
  const cut = cutVocabulary(tokenizer, ['No cardiomegaly.']);

  test('keeps special tokens, used pieces and their characters, in order', () => {
    expect(Object.keys(cut.toJSON().model.vocab)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'card', '##iomegaly', '.', 'n', '##o', 'd']);
    expect(cut.vocabularySize).toBe(12);
  });

  test('cuts texts up as before', () => {
    expect(cut.decode(cut.encode('No cardiomegaly.'))).toBe('no cardiomegaly .');
    expect(cut.encode('effusion')).toEqual([2, 1, 3]);
  });
});

describe.skipIf(!existsSync(goldens))('reference ids (skipped where shared/goldens is absent)', () => {
  const golden = existsSync(goldens) ? JSON.parse(readFileSync(goldens, 'utf8')) : {};
  test.each(['uncased', 'cased'])('%s', (kind) => {
    const tokenizer = tokenizerFromVocab(readFileSync(join(dirname(goldens), golden.vocab[kind]), 'utf8'), { lowercase: golden.lowercase[kind] });
    for (const { text, ids } of golden[kind] as { text: string; ids: number[] }[]) expect(tokenizer.encode(text), text).toEqual(ids);
  });
});
