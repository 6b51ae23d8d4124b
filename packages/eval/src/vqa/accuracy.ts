// Accuracy of answers: closed, open and all questions, by category, strict and lenient, with intervals; and what needs no image.
import { HybridmedError } from '@hybridmed/tensor';
import { checkPaired } from '../errors.ts';
import type { Interval } from '../statistics/bootstrap.ts';
import { bootstrapMean, pairedDifference } from '../statistics/bootstrap.ts';
import { answerVocabulary, lenientMatch, normalizeAnswer, strictMatch } from './answers.ts';

/** What is known of a question beside its words. */
export interface AskedQuestion {
  /** Reference answers, the canonical one first. */
  readonly answers: readonly string[];
  /** Whether the answer is one of a few (yes or no, left or right). */
  readonly closed: boolean;
  /** What is asked about, such as the modality. */
  readonly category?: string;
}

/** Accuracy over some questions; null where there are none. */
export interface AnswerAccuracy {
  readonly questions: number;
  readonly strict: Interval | null;
  readonly lenient: Interval | null;
}

/** Accuracy by kind of question. */
export interface AnswerReport {
  readonly all: AnswerAccuracy;
  readonly closed: AnswerAccuracy;
  readonly open: AnswerAccuracy;
  readonly categories: Readonly<Record<string, AnswerAccuracy>>;
}

function accuracyOf(questions: readonly AskedQuestion[], answers: readonly string[], chosen: (question: AskedQuestion) => boolean): AnswerAccuracy {
  const picked = questions.flatMap((question, i) => (chosen(question) ? [{ question, answer: answers[i]! }] : []));
  if (picked.length === 0) return { questions: 0, strict: null, lenient: null };
  const rate = (match: typeof strictMatch) => bootstrapMean(picked.map(({ question, answer }) => (match(answer, question.answers) ? 1 : 0)));
  return { questions: picked.length, strict: rate(strictMatch), lenient: rate(lenientMatch) };
}

/** Accuracy of one system's answers. Throws for lists of different length. */
export function answerReport(questions: readonly AskedQuestion[], answers: readonly string[]): AnswerReport {
  checkPaired('answerReport', questions, answers, ['questions', 'answers']);
  const categories = [...new Set(questions.flatMap(({ category }) => category ?? []))].toSorted();
  return {
    all: accuracyOf(questions, answers, () => true),
    closed: accuracyOf(questions, answers, ({ closed }) => closed),
    open: accuracyOf(questions, answers, ({ closed }) => !closed),
    categories: Object.fromEntries(categories.map((name) => [name, accuracyOf(questions, answers, ({ category }) => category === name)])),
  };
}

/** Difference in strict accuracy, first minus second, of two systems over the same questions, with its paired interval. */
export function answerDifference(questions: readonly AskedQuestion[], first: readonly string[], second: readonly string[]): Interval {
  checkPaired('answerDifference', questions, first, ['questions', 'answers of the first system']);
  checkPaired('answerDifference', questions, second, ['questions', 'answers of the second system']);
  const right = (answers: readonly string[]) => questions.map((question, i) => (strictMatch(answers[i]!, question.answers) ? 1 : 0));
  return pairedDifference(right(first), right(second));
}

/** The answer most frequent in training, for every question. Throws without training answers. */
export function commonestAnswer(train: readonly AskedQuestion[], test: readonly AskedQuestion[]): string[] {
  const [commonest] = answerVocabulary(train.map(({ answers }) => answers[0] ?? ''));
  if (commonest === undefined) throw new HybridmedError('commonestAnswer: no training answers; give the training questions');
  return test.map(() => commonest);
}

/** The answer most frequent in training among questions of the same kind: closed or open, and category; else the commonest of all. */
export function commonestByType(train: readonly AskedQuestion[], test: readonly AskedQuestion[]): string[] {
  const typeOf = ({ closed, category }: AskedQuestion) => `${closed ? 'closed' : 'open'} ${category ?? ''}`;
  const byType = new Map<string, string[]>();
  for (const question of train) byType.set(typeOf(question), [...(byType.get(typeOf(question)) ?? []), question.answers[0] ?? '']);
  const best = new Map([...byType].map(([type, answers]) => [type, answerVocabulary(answers)[0]]));
  const otherwise = commonestAnswer(train, test.slice(0, 1))[0] ?? '';
  return test.map((question) => best.get(typeOf(question)) ?? otherwise);
}

/** Fraction of test questions whose canonical answer no training question has: a head over training answers must miss these. */
export function unseenAnswers(train: readonly AskedQuestion[], test: readonly AskedQuestion[]): number {
  const trainingAnswers = new Set(train.map(({ answers }) => normalizeAnswer(answers[0] ?? '')));
  return test.length === 0 ? 0 : test.filter(({ answers }) => !trainingAnswers.has(normalizeAnswer(answers[0] ?? ''))).length / test.length;
}
