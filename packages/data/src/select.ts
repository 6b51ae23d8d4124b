// What is kept of a set for a need, and why the rest is dropped.
import type { SourceData } from './sources/source.ts';
import { Drops } from './sources/source.ts';
import type { SplitIds } from './split/file.ts';
import { questionKey, studyKey } from './split/file.ts';
import type { Candidate, DataNeed, Question, SelectOptions, Split, Study } from './study.ts';
import { RowView } from './table/lazy-study.ts';
import { countedWords } from './text.ts';

/** Split ids that the caller names: to use in place of the set's own, and to leave out. */
export interface SelectIds {
  readonly splits?: SplitIds | undefined;
  readonly excluded?: SplitIds | undefined;
}

/** What was selected. */
export interface Selection {
  readonly studies: readonly Study[];
  readonly questions?: readonly Question[];
  readonly dropped: Readonly<Record<string, number>>;
}

const frontalViews = new Set(['FRONTAL', 'PA', 'AP', 'POSTERO-ANTERIOR', 'ANTERO-POSTERIOR']);

/** Whether a view as published is frontal. */
export const isFrontal = (view: string): boolean => frontalViews.has(view.trim().toUpperCase());

/** Reason to drop a study, or nothing. */
type Rule = (study: Candidate<Study>) => string | undefined;

const missingImage = 'the image file is missing';

const needed: Readonly<Record<Exclude<DataNeed, 'questions'>, (minWords: number) => Rule>> = {
  pairs: (minWords) => (study) => {
    const [findings, impression] = (study instanceof RowView ? study.words : undefined) ?? [countedWords(study.findings), countedWords(study.impression)];
    if (findings === 0 || impression === 0) return 'the report lacks findings or impression';
    if (findings <= minWords || impression <= minWords) return `a section has fewer than ${minWords} words`;
    return undefined;
  },
  labels: () => (study) => {
    if (study instanceof RowView && study.labelled !== undefined) return study.labelled ? undefined : 'the image has no label';
    for (const _ in study.labels) return undefined;
    return 'the image has no label';
  },
  images: () => () => undefined,
};

function viewRule(studies: Iterable<Study>, views: 'frontal' | 'all'): Rule {
  if (views === 'all' || !anyView(studies)) return () => undefined;
  const frontal = new Map<string, boolean>();
  return ({ view }) => {
    if (view === undefined) return 'the view is unknown';
    let is = frontal.get(view);
    if (is === undefined) frontal.set(view, (is = isFrontal(view)));
    return is ? undefined : 'the view is not frontal';
  };
}

function anyView(studies: Iterable<Study>): boolean {
  for (const { view } of studies) if (view !== undefined) return true;
  return false;
}

const unlisted = 'the split file does not list it';
const leftOut = 'it is left out by its id';

/** The part a caller's ids put something in, or why it is dropped. */
function placed(own: Split, keyOf: (key: SplitIds['key']) => string | undefined, { splits, excluded }: SelectIds): { split: Split } | { reason: string } {
  const id = excluded && keyOf(excluded.key);
  if (id !== undefined && excluded!.splits.has(id)) return { reason: leftOut };
  if (!splits) return { split: own };
  const listed = keyOf(splits.key);
  const split = listed === undefined ? undefined : splits.splits.get(listed);
  return split ? { split } : { reason: unlisted };
}

/** Selects what a need asks for. With `pretendImages`, images count as there, so that a table alone can be checked. */
export function select(
  data: SourceData,
  need: DataNeed,
  { views = 'frontal', minWords = 3 }: SelectOptions,
  { pretendImages = false, ...ids }: SelectIds & { pretendImages?: boolean } = {},
): Selection {
  const drops = new Drops();
  for (const [reason, count] of Object.entries(data.dropped)) drops.add(reason, count);
  const questions: Question[] = [];
  const studies: Study[] = [];
  if (need === 'questions') {
    for (const question of data.questions ?? []) {
      const place = placed(question.split, (key) => questionKey(question, key), ids);
      if (question.absent && !pretendImages) drops.add(missingImage);
      else if ('reason' in place) drops.add(place.reason);
      else questions.push(place.split === question.split ? question : { ...question, split: place.split });
    }
    return { studies, questions, dropped: drops.counts() };
  }
  const [rule, view] = [needed[need](minWords), viewRule(data.studies, views)];
  for (const study of data.studies) {
    const reason = (study.absent && !pretendImages ? missingImage : undefined) ?? rule(study) ?? view(study);
    const place = reason === undefined ? placed(study.split, (key) => studyKey(study, key), ids) : { reason };
    if ('reason' in place) drops.add(place.reason);
    else if (study instanceof RowView) studies.push(study.keep(place.split));
    else studies.push(place.split === study.split ? study : { ...study, split: place.split });
  }
  return { studies, dropped: drops.counts() };
}
