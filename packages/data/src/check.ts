// What `data check` says of a data set: counts, splits, drops, repeated texts, text lengths, leaks.
import { readGrey } from './image/grey.ts';
import type { DataSet, Split, Study } from './study.ts';
import { wordCount } from './study.ts';

/** Lengths of a section in words. */
export interface LengthSummary {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** The report of a check. */
export interface DataReport {
  readonly spec: string;
  readonly reports: number;
  readonly studies: number;
  readonly images: number;
  readonly pairs: number;
  /** Pairs kept. */
  readonly kept: number;
  readonly splits: Readonly<Record<Split, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly words: Readonly<Record<'findings' | 'impression', LengthSummary>>;
  /** Pairs whose impression another pair has word for word. */
  readonly repeatedImpressions: number;
  /** Reports or patients on both sides of a split. */
  readonly leaks: Readonly<Record<'reports' | 'patients', number>>;
  /** Images that could not be read, when asked to read them. */
  readonly unreadable?: readonly string[];
}

function summary(values: readonly number[]): LengthSummary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}

function acrossSplits(studies: readonly Study[], key: (study: Study) => string | undefined): number {
  const splits = new Map<string, Set<Split>>();
  for (const study of studies) {
    const value = key(study);
    if (value !== undefined) splits.set(value, (splits.get(value) ?? new Set()).add(study.split));
  }
  return [...splits.values()].filter((set) => set.size > 1).length;
}

/** Checks an opened data set; with `images`, reads every image too. */
export async function checkDataSet(data: DataSet, { images = false }: { images?: boolean } = {}): Promise<DataReport> {
  const { studies, spec, counts, dropped } = data;
  const split = (name: Split) => studies.filter((study) => study.split === name).length;
  const impressions = new Map<string, number>();
  for (const { impression } of studies) impressions.set(impression, (impressions.get(impression) ?? 0) + 1);
  const unreadable: string[] = [];
  if (images) for (const { image } of studies) await readGrey(image).catch((error: unknown) => unreadable.push((error as Error).message));
  return {
    spec,
    ...counts,
    kept: studies.length,
    splits: { train: split('train'), validate: split('validate'), test: split('test') },
    dropped,
    words: { findings: summary(studies.map((s) => wordCount(s.findings))), impression: summary(studies.map((s) => wordCount(s.impression))) },
    repeatedImpressions: [...impressions.values()].filter((count) => count > 1).reduce((a, b) => a + b, 0),
    leaks: { reports: acrossSplits(studies, (s) => s.report), patients: acrossSplits(studies, (s) => s.patient) },
    ...(images ? { unreadable } : {}),
  };
}
