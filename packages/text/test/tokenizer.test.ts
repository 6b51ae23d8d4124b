import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
