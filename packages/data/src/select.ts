// What is kept of a set for a need, and why the rest is dropped.
import type { Candidate, SourceData } from './sources/source.ts';
import { Drops } from './sources/source.ts';
import type { DataNeed, Question, SelectOptions, Study } from './study.ts';
import { StudyView } from './table/rows.ts';
import { wordCount } from './text.ts';

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
  pairs:
    (minWords) =>
    ({ findings, impression }) => {
      if (findings === '' || impression === '') return 'the report lacks findings or impression';
      if (wordCount(findings) < minWords || wordCount(impression) < minWords) return `a section has fewer than ${minWords} words`;
      return undefined;
    },
  labels: () => (study) => {
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

/** Selects what a need asks for. With `pretendImages`, images count as there, so that a table alone can be checked. */
export function select(
  data: SourceData,
  need: DataNeed,
  { views = 'frontal', minWords = 3 }: SelectOptions,
  { pretendImages = false }: { pretendImages?: boolean } = {},
): Selection {
  const drops = new Drops();
  for (const [reason, count] of Object.entries(data.dropped)) drops.add(reason, count);
  if (need === 'questions') {
    const questions = (data.questions ?? []).filter(({ absent }) => pretendImages || !absent);
    drops.add(missingImage, (data.questions?.length ?? 0) - questions.length);
    return { studies: [], questions, dropped: drops.counts() };
  }
  const [rule, view] = [needed[need](minWords), viewRule(data.studies, views)];
  const studies: Study[] = [];
  for (const study of data.studies) {
    const reason = (study.absent && !pretendImages ? missingImage : undefined) ?? rule(study) ?? view(study);
    if (reason === undefined) studies.push(study instanceof StudyView ? study.keep() : study);
    else drops.add(reason);
  }
  return { studies, dropped: drops.counts() };
}
