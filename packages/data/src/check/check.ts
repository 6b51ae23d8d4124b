// What `data check` says of a data set: counts, splits, drops, labels, texts, and what stands on both sides of a split.
import { DataError } from '@hybridmed/images/errors';
import type { ReadSet } from '../open.ts';
import { readSource, requireNeed } from '../open.ts';
import { select } from '../select.ts';
import type { DataNeed, Question, SelectOptions, Split, Study } from '../study.ts';
import type { ImageFinding, ImagePlan } from './images.ts';
import { findLookAlikes, lookAtImages } from './images.ts';
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
  /** What was found in each of `imagesToCheck`, in order; by default they are looked at here. */
  findings?: readonly ImageFinding[];
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

/** What the images are found to be; `files` are those of the items. */
async function imagesOf(
  { items, files, plan }: CheckedSet,
  given: readonly ImageFinding[] | undefined,
): Promise<{ key(file: string): string; look: DataReport['lookAlikes'] | undefined; unreadable?: readonly string[]; notes?: readonly string[] }> {
  if (given && given.length !== files.length) throw new DataError(`${given.length} images were looked at, the set has ${files.length}; look at them again`);
  const list = given ?? (await lookAtImages(files, plan));
  const findings = new Map(files.map((file, i) => [file, list[i]!]));
  const key = (file: string) => findings.get(file)?.content ?? file;
  if (!plan.alike) return { key, look: undefined };
  const listed = new Set<string>();
  const distinct = items.flatMap(({ image, split }) => (listed.has(`${split} ${image}`) ? [] : (listed.add(`${split} ${image}`), [{ file: image, split }])));
  const { unreadable, notes, ...look } = findLookAlikes(distinct, findings, (a, b) => key(a) === key(b));
  return { key, look, unreadable, notes };
}

/** A set as it is checked. */
interface CheckedSet extends ReturnType<typeof selectForCheck> {
  readonly data: ReadSet;
  readonly need: DataNeed;
  readonly items: readonly Item[];
  /** Image files that are looked at, and what for. */
  readonly files: readonly string[];
  readonly plan: ImagePlan;
}

async function openForCheck(spec: string, { images, ...options }: CheckOptions): Promise<CheckedSet> {
  const data = await readSource(spec, options);
  const need = options.need ?? data.offers[0] ?? 'images';
  requireNeed(spec, data, need);
  const selected = selectForCheck(data, need, options);
  const items = itemsOf(selected.shown.studies, selected.shown.questions ?? []);
  const files = selected.noImage ? [] : [...new Set(items.map(({ image }) => image))];
  const wants = (limit: number) => !selected.noImage && (images ?? files.length <= limit);
  return { ...selected, data, need, items, files, plan: { equal: wants(imageLimits.equal), alike: wants(imageLimits.alike) } };
}

/** The image files that a check looks at, in order, and what for: `lookAtImages` looks at some of them. Throws as `checkDataSet` does. */
export async function imagesToCheck(spec: string, options: CheckOptions = {}): Promise<{ readonly files: readonly string[]; readonly plan: ImagePlan }> {
  const { files, plan } = await openForCheck(spec, options);
  return { files, plan };
}

/**
 * Checks a set by its specification. Counts are given even where everything is dropped; `need` is by default what the set is for. Throws a
 * DataError for an unknown name or unreadable files.
 */
export async function checkDataSet(spec: string, options: CheckOptions = {}): Promise<DataReport> {
  const checked = await openForCheck(spec, options);
  const { data, need, selection, shown, noImage, items } = checked;
  const { studies, questions = [] } = shown;
  options.onStudies?.(studies);
  const { key, look, unreadable, notes = [] } = await imagesOf(checked, options.findings);
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
