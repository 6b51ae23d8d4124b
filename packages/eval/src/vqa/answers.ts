// Answers of visual question answering: when two are one, and which ones a model may choose among.
import { HybridmedError } from '@hybridmed/tensor';
import { foldText } from '../text/tokens.ts';

/**
 * An answer as it is compared: Unicode composed, lower case, punctuation (but for a point or comma inside a number) as spaces, single
 * spaces.
 */
export function normalizeAnswer(answer: string): string {
  return answer
    .normalize('NFC')
    .toLowerCase()
    .replace(/(?<=\d),(?=\d)/g, '.')
    .replace(/(?!(?<=\d)\.(?=\d))[^\p{L}\p{M}\p{N}%]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** An answer as two are matched: a generated one may lack accents, and has Han characters apart. */
const matched = (answer: string): string => normalizeAnswer(foldText(answer).replace(/\p{Script=Han}/gu, ' $& '));

/** All forms of a reference answer: parts in parentheses are optional. */
function formsOf(answer: string): string[] {
  const without = answer.replace(/\([^()]*\)/g, ' ');
  return [answer, without].map(matched).filter((form) => form !== '');
}

/** Whether an answer is the first reference word for word, once both are normalized. */
export const strictMatch = (answer: string, references: readonly string[]): boolean => matched(answer) === matched(references[0] ?? '');

/** Whether an answer is any of the references, their optional parts (in parentheses) given or not [VQA-Med 2019's notes on its test set]. */
export function lenientMatch(answer: string, references: readonly string[]): boolean {
  const forms = formsOf(answer);
  return references.some((reference) => formsOf(reference).some((form) => forms.includes(form)));
}

/** Throws one line where an answer is empty: `name` tells which question. */
export function checkAnswers(questions: readonly { readonly id: string; readonly answers: readonly string[] }[]): void {
  for (const { id, answers } of questions)
    if (answers.length === 0 || normalizeAnswer(answers[0]!) === '')
      throw new HybridmedError(`question "${id}": its answer has no words; give an answer or leave the question out`);
}

/** The distinct answers of training questions, normalized, by frequency (of equals, alphabetically): what a classifying head chooses among. */
export function answerVocabulary(answers: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const answer of answers.map(normalizeAnswer)) if (answer !== '') counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([answer]) => answer);
}
