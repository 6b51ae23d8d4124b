// Questions of a data set by split: as published, or drawn so that no image (nor case) is on both sides.
import { basename } from 'node:path';
import type { DataSet, Question, SelectOptions, Split, Study } from '@hybridmed/data';
import { openDataSet, splitOf } from '@hybridmed/data';
import { checkAnswers } from '@hybridmed/eval/protocols';
import { HybridmedError } from '@hybridmed/tensor';

/** `published`: the set's own split; `image-disjoint`: drawn by case (or image), 70/10/20. */
export type QuestionSplit = 'published' | 'image-disjoint';

/** Questions to fit to, to choose by, and to evaluate on. */
export interface QuestionSet {
  readonly data: DataSet;
  readonly train: readonly Question[];
  readonly validate: readonly Question[];
  readonly test: readonly Question[];
}

/** The image file's name, packed or not. */
const imageNameOf = ({ imageName, image }: Question): string => imageName ?? basename(image);

/** What must not be on both sides: the case, else the image. */
const groupOf = (question: Question): string => question.study ?? imageNameOf(question);

// Where a set has no validation questions, those about one in ten of the training images serve.
const heldOut = (question: Question): boolean => splitOf(`validation of ${imageNameOf(question)}`) === 'validate';

/** Opens a set's questions. Throws one line for a set without questions, an answer of zero length, or an empty part. */
export async function openQuestions(spec: string, split: QuestionSplit, select: SelectOptions = {}): Promise<QuestionSet> {
  const data = await openDataSet(spec, { ...select, need: 'questions' });
  const questions = data.questions ?? [];
  const side = (question: Question): Split => (split === 'published' ? question.split : splitOf(groupOf(question)));
  const ofSplit = (name: Split) => questions.filter((question) => side(question) === name);
  const [training, validating, test] = [ofSplit('train'), ofSplit('validate'), ofSplit('test')];
  const [train, validate] = validating.length > 0 ? [training, validating] : [training.filter((q) => !heldOut(q)), training.filter(heldOut)];
  for (const [name, part] of Object.entries({ training: train, validation: validate }))
    if (part.length === 0) throw new HybridmedError(`${spec}: no ${name} questions in the split "${split}"; try --question-split image-disjoint`);
  checkAnswers([...train, ...validate]);
  return { data, train, validate, test };
}

/** Questions as the loader takes them: the question as findings, the canonical answer as impression. */
export const asStudies = (questions: readonly Question[]): Study[] =>
  questions.map(({ id, image, question, answers, split }) => ({ id, report: id, image, findings: question, impression: answers[0]!, split }));
