import {
  answerDifference,
  answerReport,
  answerVocabulary,
  checkAnswers,
  commonestAnswer,
  commonestByType,
  lenientMatch,
  normalizeAnswer,
  strictMatch,
  unseenAnswers,
} from '@hybridmed/eval/protocols';
import { expect, test } from 'vitest';

const ask = (answer: string, closed = true, category?: string) => ({ answers: [answer], closed, ...(category === undefined ? {} : { category }) });

test('answers are compared without case, punctuation and spacing', () => {
  expect(normalizeAnswer('  X-Ray. ')).toBe('x ray');
  expect(normalizeAnswer('2.5 cm,  round')).toBe('2.5 cm round');
  expect(strictMatch('Yes', ['yes '])).toBe(true);
  expect(strictMatch('yes', ['no'])).toBe(false);
});

test('answers in any language match what a tokenizer gives back of them: without accents, Han characters apart', () => {
  expect(strictMatch('si', ['Sí'])).toBe(true);
  expect(strictMatch('左 肺', ['左肺'])).toBe(true);
  expect(lenientMatch('हड डी', ['(दाहिनी) हड्डी'])).toBe(false);
  expect(normalizeAnswer('हड्डी')).toBe('हड्डी');
});

test('strict takes the first reference, lenient any of them, optional parts or not', () => {
  const references = ['(angioinvasive aspergillosis with) septic cerebral emboli', 'multi-cystic complex mass'];
  expect(strictMatch('septic cerebral emboli', references)).toBe(false);
  expect(strictMatch('Angioinvasive aspergillosis with septic cerebral emboli', references)).toBe(true);
  for (const answer of ['septic cerebral emboli', 'angioinvasive aspergillosis with septic cerebral emboli', 'Multi-cystic complex mass'])
    expect(lenientMatch(answer, references)).toBe(true);
  expect(lenientMatch('emboli', references)).toBe(false);
  expect(lenientMatch('', ['(all)'])).toBe(false);
});

test('accuracy by kind and category, by hand', () => {
  const questions = [ask('yes'), ask('no'), ask('left lung', false, 'position'), { answers: ['CT', 'ct scan'], closed: false, category: 'modality' }];
  const report = answerReport(questions, ['Yes.', 'yes', 'left lung', 'ct scan']);
  expect(report.all).toMatchObject({ questions: 4, strict: { value: 0.5 }, lenient: { value: 0.75 } });
  expect(report.closed).toMatchObject({ questions: 2, strict: { value: 0.5 } });
  expect(report.open).toMatchObject({ questions: 2, strict: { value: 0.5 }, lenient: { value: 1 } });
  expect(Object.keys(report.categories)).toEqual(['modality', 'position']);
  expect(answerReport(questions.slice(0, 2), ['yes', 'no']).open).toEqual({ questions: 0, strict: null, lenient: null });
  expect(answerDifference(questions, ['yes', 'no', 'left lung', ''], ['no', 'no', '', '']).value).toBe(0.5);
  expect(() => answerReport(questions, ['yes'])).toThrow('4 questions but 1 answers');
});

test('baselines come from training alone', () => {
  const train = [ask('yes'), ask('Yes'), ask('no'), ask('right', false, 'position'), ask('left', false, 'position'), ask('left', false, 'position')];
  const asked = [ask('no'), ask('left', false, 'position'), ask('tumor', false, 'abnormality')];
  expect(commonestAnswer(train, asked)).toEqual(['left', 'left', 'left']);
  expect(commonestByType(train, asked)).toEqual(['yes', 'left', 'left']);
  expect(unseenAnswers(train, asked)).toBeCloseTo(1 / 3, 12);
  expect(answerVocabulary(train.map(({ answers }) => answers[0]!))).toEqual(['left', 'yes', 'no', 'right']);
  expect(() => commonestAnswer([], asked)).toThrow('no training answers');
});

test('an answer of zero length is named', () => {
  expect(() =>
    checkAnswers([
      { id: 'q1', answers: ['yes'] },
      { id: 'q2', answers: [' . '] },
    ]),
  ).toThrow('question "q2": its answer has no words');
});
