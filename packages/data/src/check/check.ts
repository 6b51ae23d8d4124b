// What `data check` says of a data set: counts, splits, drops, labels, texts, and what stands on both sides of a split.
import type { ReadSet } from '../open.ts';
import { readSource, requireNeed } from '../open.ts';
import { select } from '../select.ts';
import type { DataNeed, Question, SelectOptions, Split, Study } from '../study.ts';
import { contentGroups, findLookAlikes } from './images.ts';
import { labelPrevalence } from './labels.ts';
import type { DataReport, SharedCounts } from './report.ts';
import { acrossSplits, countSplits } from './sharing.ts';
import type { LengthSummary } from './texts.ts';
import { lengthsOf, repeatedTexts } from './texts.ts';
import { warningsOf } from './warnings.ts';

/** How thoroughly images are looked at. */
export interface CheckOptions extends SelectOptions {
  /**
   * `true` reads every image: files that are equal, images that look alike, files that cannot be read. `false` looks at no file. By default
   * equal files are looked for in sets of up to 50,000 images, look-alikes in sets of up to 3,000.
   */
  images?: boolean;
  /** Called once with the studies that are counted. */
  onStudies?: (studies: readonly Study[]) => void;
}

const imageLimits = { equal: 50_000, alike: 3000 };

/** What a caller would be given, as items of a split. */
interface Item {
  readonly split: Split;
  readonly patient?: string | undefined;
  readonly study?: string | undefined;
  readonly image: string;
  readonly text: string;
}

const itemsOf = (studies: readonly Study[], questions: readonly Question[]): Item[] => [
  ...studies.map(({ split, patient, report, image, impression, findings }) => ({ split, patient, study: report, image, text: impression || findings })),
  ...questions.map(({ split, patient, study, image, question }) => ({ split, patient, study, image, text: question.toLowerCase() })),
];

function allAbsent(candidates: Iterable<{ readonly absent?: true | undefined }>): boolean {
  for (const { absent } of candidates) if (!absent) return false;
  return true;
}

/** Selects as a caller would; where no image at all is on disk, as if every one were. */
function selectForCheck(data: ReadSet, need: DataNeed, options: SelectOptions) {
  const selection = select(data, need, options, data);
  const { studies, questions = [] } = selection;
  const noImage = studies.length === 0 && questions.length === 0 && allAbsent(data.studies) && allAbsent(data.questions ?? []);
  return { selection, shown: noImage ? select(data, need, options, { ...data, pretendImages: true }) : selection, noImage };
}

function wordsOf(studies: readonly Study[], questions: readonly Question[]): Record<string, LengthSummary> {
  const lengths: Record<string, LengthSummary> =
    questions.length > 0
      ? { question: lengthsOf(questions.map(({ question }) => question)), answer: lengthsOf(questions.map(({ answers }) => answers[0] ?? '')) }
      : { findings: lengthsOf(studies.map(({ findings }) => findings)), impression: lengthsOf(studies.map(({ impression }) => impression)) };
  return Object.fromEntries(Object.entries(lengths).filter(([, { max }]) => max > 0));
}

function answerTypes(questions: readonly Question[]): NonNullable<DataReport['answerTypes']> {
  const counts = { train: { closed: 0, open: 0 }, validate: { closed: 0, open: 0 }, test: { closed: 0, open: 0 } };
  for (const { split, closed } of questions) counts[split][closed ? 'closed' : 'open']++;
  return counts;
}

function categoriesOf(questions: readonly Question[]): Record<string, Record<Split, number>> {
  const counts = new Map<string, Record<Split, number>>();
  for (const { category = 'none', split } of questions) {
    const count = counts.get(category) ?? { train: 0, validate: 0, test: 0 };
    counts.set(category, { ...count, [split]: count[split] + 1 });
  }
  return Object.fromEntries(counts);
}

/** Reports of each split: several images may share one. */
function studiesBySplit(items: readonly Item[]): Record<Split, number> {
  const distinct = new Map(items.flatMap((item) => (item.study === undefined ? [] : [[`${item.split} ${item.study}`, item]])));
  return countSplits([...distinct.values()]);
}

/** What splits share, counted and by example. */
function sharedBy(items: readonly Item[], key: (file: string) => string): { shared: SharedCounts; examples: string[] } {
  const patients = acrossSplits(items, ({ patient }) => patient);
  const studies = acrossSplits(items, ({ study }) => study);
  const images = acrossSplits(items, ({ image }) => key(image));
  const lines = (what: string, { examples }: typeof images, named: boolean) =>
    examples.map(([value, a, b]) => `${what}${named ? ` ${value}` : ''}: ${a.split} ${a.image}, ${b.split} ${b.image}`);
  return {
    shared: { patients: patients.count, studies: studies.count, images: images.count },
    examples: [...lines('patient', patients, true), ...lines('study', studies, true), ...lines('image', images, false)],
  };
}

async function imagesOf(
  items: readonly Item[],
  images: boolean | undefined,
): Promise<{ key(file: string): string; look: DataReport['lookAlikes'] | undefined; unreadable?: readonly string[]; notes?: readonly string[] }> {
  const files = [...new Set(items.map(({ image }) => image))];
  const wants = (limit: number) => images ?? files.length <= limit;
  const groups = wants(imageLimits.equal) ? await contentGroups(files) : new Map<string, string>();
  const key = (file: string) => groups.get(file) ?? file;
  if (!wants(imageLimits.alike)) return { key, look: undefined };
  const listed = new Set<string>();
  const distinct = items.flatMap(({ image, split }) => (listed.has(`${split} ${image}`) ? [] : (listed.add(`${split} ${image}`), [{ file: image, split }])));
  const { unreadable, notes, ...look } = await findLookAlikes(distinct, (a, b) => key(a) === key(b));
  return { key, look, unreadable: [...new Set(unreadable)], notes };
}

/**
 * Checks a set by its specification. Counts are given even where everything is dropped; `need` is by default what the set is for. Throws a
 * DataError for an unknown name or unreadable files.
 */
export async function checkDataSet(spec: string, { images, onStudies, ...options }: CheckOptions = {}): Promise<DataReport> {
  const data = await readSource(spec, options);
  const need = options.need ?? data.offers[0] ?? 'images';
  requireNeed(spec, data, need);
  const { selection, shown, noImage } = selectForCheck(data, need, options);
  const { studies, questions = [] } = shown;
  onStudies?.(studies);
  const items = itemsOf(studies, questions);
  const { key, look, unreadable, notes = [] } = noImage ? { key: (file: string) => file, look: undefined } : await imagesOf(items, images);
  const { shared, examples } = sharedBy(items, key);
  const texts = acrossSplits(items, ({ text }) => text).count;
  const damaged = studies.filter(({ findings, impression }) => `${findings}${impression}`.includes('\ufffd')).length;
  const labels = labelPrevalence(studies);
  return {
    spec,
    need,
    ...data.counts,
    kept: selection.studies.length + (selection.questions?.length ?? 0),
    splits: countSplits(items),
    splitStudies: studiesBySplit(items),
    splitOrigin: data.splitOrigin,
    dropped: selection.dropped,
    ...(labels ? { labels } : {}),
    ...(questions.length > 0 ? { answerTypes: answerTypes(questions), categories: categoriesOf(questions) } : {}),
    words: wordsOf(studies, questions),
    repeatedImpressions: repeatedTexts(studies.map(({ impression }) => impression)),
    leaks: data.splitOrigin === 'drawn' ? shared : { patients: 0, studies: 0, images: 0 },
    shared: { ...shared, texts },
    sharedExamples: examples,
    ...(look ? { lookAlikes: look } : {}),
    warnings: [...(data.warnings ?? []), ...warningsOf({ ...shared, texts }, data.splitOrigin, look, noImage, damaged), ...notes],
    ...(unreadable ? { unreadable } : {}),
  };
}
