import { cutVocabulary, tokenizerFromJson, tokenizerFromVocab } from '@hybridmed/text';
import { expect, test } from 'vitest';
import { unknownDocument } from './unknown.ts';

const whole = tokenizerFromVocab(['[PAD]', '[CLS]', '[SEP]', '[UNK]', 'effusion', 'no', 'nodule', '.', 'n', '##o', '##d', '##ule'].join('\n'), {
  lowercase: true,
});
const texts = ['No effusion.', 'n ##o'];
const cut = cutVocabulary(whole, texts);
const used = new Set(texts.flatMap((text) => whole.encode(text).map((id) => whole.tokens[id]!)));
const unknown = tokenizerFromJson(unknownDocument(cut, whole, used));

test('words of the training texts keep their ids', () => {
  for (const text of texts) expect(unknown.encode(text)).toEqual(cut.encode(text));
  expect(unknown.vocabularySize).toBe(cut.vocabularySize);
  expect(unknown.decode(unknown.encode('No effusion.'))).toBe('no effusion .');
});

test('a word of other pieces is one [UNK], which the cut vocabulary would spell', () => {
  expect(unknown.encode('no nodule.')).toEqual([unknown.special.cls, ...cut.encode('no').slice(1, -1), unknown.special.unk, ...cut.encode('.').slice(1)]);
});
