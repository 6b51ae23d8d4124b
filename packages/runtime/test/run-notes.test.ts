import { tokenizerFromVocab } from '@hybridmed/text';
import { expect, test } from 'vitest';
import { runNotes } from '../src/run/run-notes.ts';

const tokenizer = tokenizerFromVocab(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a'].join('\n'), { lowercase: true });
const studyOf = (findings: number, impression: number) => ({ findings: 'a '.repeat(findings), impression: 'a '.repeat(impression) });
const lengths = { findingsLength: 8, impressionLength: 4 };
const large = { batch: 8, accumulate: 1, cg: 1, cl: 1 };

test('texts that are cut to the token limit, [CLS] and [SEP] included, are counted by section', () => {
  expect(runNotes(large, lengths, tokenizer, [studyOf(6, 2), studyOf(1, 1)])).toEqual([]);
  expect(runNotes(large, lengths, tokenizer, [studyOf(7, 2), studyOf(9, 3), studyOf(1, 1)])).toEqual([
    'texts cut to the token limit, of 3 training studies: 2 findings (limit 8), 1 impressions (limit 4)',
  ]);
  const many = Array.from({ length: 5001 }, () => studyOf(1, 3));
  expect(runNotes(large, lengths, tokenizer, many)).toEqual([
    'texts cut to the token limit, of the first 5000 training studies: 0 findings (limit 8), 5000 impressions (limit 4)',
  ]);
});

test('a step of one study has nothing to compare, but where no loss compares', () => {
  const one = { ...large, batch: 1 };
  expect(runNotes(one, lengths, tokenizer, [])).toEqual(['a step of one study leaves L_CG nothing to compare; raise --batch or --accumulate, or set --cg 0']);
  expect(runNotes({ ...one, cg: 0 }, lengths, tokenizer, [])).toEqual([]);
  expect(runNotes({ ...one, accumulate: 2 }, lengths, tokenizer, [])).toEqual([]);
});
