// What `data check` says of a data set: counts, splits, drops, labels, texts, and what stands on both sides of a split.
import { readGrey } from '../image/grey.ts';
import { readSource } from '../open.ts';
import { select } from '../select.ts';
import type { SourceData } from '../sources/source.ts';
import type { CountName, DataNeed, Question, SelectOptions, Split, SplitOrigin, Study } from '../study.ts';
import type { LabelPrevalence } from './labels.ts';
import { labelPrevalence } from './labels.ts';
import { acrossSplits, countSplits } from './sharing.ts';
import type { LengthSummary } from './texts.ts';
import { lengthsOf, repeatedTexts } from './texts.ts';

/** Number of things that stand on both sides of a split. */
export interface SharedCounts {
  readonly patients: number;
  readonly studies: number;
  /** Files. */
  readonly images: number;
}

/** The report of a check. */
export interface DataReport extends Readonly<Partial<Record<CountName, number>>> {
  readonly spec: string;
  /** What was selected for. */
  readonly need: DataNeed;
  /** Images, pairs or questions kept. */
  readonly kept: number;
  /** Of what is kept; where no image at all is on disk, of what would be. */
  readonly splits: Readonly<Record<Split, number>>;
  readonly splitOrigin: SplitOrigin;
  readonly dropped: Readonly<Record<string, number>>;
  /** Positive, negative and unlabelled images by label and split. */
  readonly labels?: Readonly<Record<string, LabelPrevalence>>;
  /** Closed and open questions by split. */
  readonly answerTypes?: Readonly<Record<Split, { readonly closed: number; readonly open: number }>>;
  /** Lengths of sections, or of questions and answers, in words. */
  readonly words: Readonly<Record<string, LengthSummary>>;
  /** Pairs whose impression another pair has word for word. */
  readonly repeatedImpressions: number;
  /** Faults of a split drawn here; zeros where the split is published. */
  readonly leaks: SharedCounts;
  /** What splits share, whoever drew them; texts are equal word for word. */
  readonly shared: SharedCounts & { readonly texts: number };
  readonly warnings: readonly string[];
  /** Images that could not be read, when asked to read them. */
  readonly unreadable?: readonly string[];
}

/** What a check looks at: what a caller would be given, as items of a split with a text that may repeat. */
interface Checked {
  readonly studies: readonly Study[];
  readonly questions: readonly Question[];
  readonly items: readonly { split: Split; patient?: string; study?: string; image: string; text: string }[];
}

function checked(studies: readonly Study[], questions: readonly Question[]): Checked {
  const items = [
    ...studies.map(({ split, patient, report, image, impression }) => ({ split, ...(patient ? { patient } : {}), study: report, image, text: impression })),
    ...questions.map(({ split, patient, study, image, question }) => ({
      split,
      ...(patient ? { patient } : {}),
      ...(study ? { study } : {}),
      image,
      text: question.toLowerCase(),
    })),
  ];
  return { studies, questions, items };
}

function allAbsent(candidates: Iterable<{ readonly absent?: true | undefined }>): boolean {
  for (const { absent } of candidates) if (!absent) return false;
  return true;
}

/** Selects as a caller would; where no image at all is on disk, as if every one were. */
function selectForCheck(data: SourceData, need: DataNeed, options: SelectOptions) {
  const selection = select(data, need, options);
  const noImage = selection.studies.length === 0 && (selection.questions?.length ?? 0) === 0 && allAbsent(data.studies) && allAbsent(data.questions ?? []);
  return { selection, shown: noImage ? select(data, need, options, { pretendImages: true }) : selection, noImage };
}

function wordsOf({ studies, questions }: Checked): Record<string, LengthSummary> {
  if (questions.length > 0)
    return { question: lengthsOf(questions.map(({ question }) => question)), answer: lengthsOf(questions.map(({ answers }) => answers[0] ?? '')) };
  const lengths = { findings: lengthsOf(studies.map(({ findings }) => findings)), impression: lengthsOf(studies.map(({ impression }) => impression)) };
  return Object.fromEntries(Object.entries(lengths).filter(([, { max }]) => max > 0));
}

function answerTypes(questions: readonly Question[]): NonNullable<DataReport['answerTypes']> {
  const counts = { train: { closed: 0, open: 0 }, validate: { closed: 0, open: 0 }, test: { closed: 0, open: 0 } };
  for (const { split, closed } of questions) counts[split][closed ? 'closed' : 'open']++;
  return counts;
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

function warningsOf({ patients, studies, images, texts }: DataReport['shared'], origin: SplitOrigin, noImage: boolean): string[] {
  const published: [number, string, string][] = [
    [patients, 'patient is', 'patients are'],
    [studies, 'study is', 'studies are'],
    [images, 'image is', 'images are'],
  ];
  return [
    ...(noImage ? ['no image is on disk: splits, labels and texts are of what the tables name'] : []),
    ...(origin === 'published'
      ? published.flatMap(([count, one, many]) => (count > 0 ? [`${plural(count, one, many)} on both sides of the published split`] : []))
      : []),
    ...(texts > 0 ? [`${plural(texts, 'text stands', 'texts stand')} word for word on both sides of a split`] : []),
  ];
}

/**
 * Checks a set by its specification. Counts are given even where everything is dropped; `need` is by default what the set is for. With
 * `images`, every image is read too. Throws a DataError for an unknown name or unreadable files.
 */
export async function checkDataSet(spec: string, { images = false, ...options }: SelectOptions & { images?: boolean } = {}): Promise<DataReport> {
  const data = await readSource(spec, options);
  const need = options.need ?? data.offers[0] ?? 'images';
  const { selection, shown, noImage } = selectForCheck(data, need, options);
  const what = checked(shown.studies, shown.questions ?? []);
  const { items } = what;
  const shared = {
    patients: acrossSplits(items, ({ patient }) => patient),
    studies: acrossSplits(items, ({ study }) => study),
    images: acrossSplits(items, ({ image }) => image),
  };
  const texts = acrossSplits(items, ({ text }) => text);
  const unreadable: string[] = [];
  if (images && !noImage)
    for (const image of new Set(items.map((item) => item.image))) await readGrey(image).catch((error: unknown) => unreadable.push((error as Error).message));
  const labels = labelPrevalence(what.studies);
  return {
    spec,
    need,
    ...data.counts,
    kept: selection.studies.length + (selection.questions?.length ?? 0),
    splits: countSplits(items),
    splitOrigin: data.splitOrigin,
    dropped: selection.dropped,
    ...(labels ? { labels } : {}),
    ...(what.questions.length > 0 ? { answerTypes: answerTypes(what.questions) } : {}),
    words: wordsOf(what),
    repeatedImpressions: repeatedTexts(what.studies.map(({ impression }) => impression)),
    leaks: data.splitOrigin === 'drawn' ? shared : { patients: 0, studies: 0, images: 0 },
    shared: { ...shared, texts },
    warnings: [...(data.warnings ?? []), ...warningsOf({ ...shared, texts }, data.splitOrigin, noImage)],
    ...(images ? { unreadable } : {}),
  };
}
