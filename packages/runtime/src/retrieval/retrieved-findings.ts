// Findings with the impressions of the training studies whose findings are nearest to them, as a model that is trained with retrieval reads them.
import { createHash } from 'node:crypto';
import type { Loader, Study } from '@hybridmed/data';
import { nearestFindings } from '@hybridmed/eval/generation';
import type { Tokenizer } from '@hybridmed/text';
import { HybridmedError } from '@hybridmed/tensor';

/** A training report. `owners` are hashes of what must not retrieve it: its own studies and those of its patient. */
export interface RetrievalEntry {
  readonly findings: string;
  readonly impression: string;
  readonly owners: readonly string[];
}

/** The reports that are retrieved from, and how many are. */
export interface RetrievalIndex {
  readonly version: 1;
  readonly k: number;
  readonly entries: readonly RetrievalEntry[];
}

/** Most reports of an index: of a larger training split evenly spaced ones stand for all, so that folder and search stay small. */
export const maxEntries = 20_000;

type Owned = Pick<Study, 'report' | 'patient'>;

const hashed = (kind: string, id: string): string => createHash('sha256').update(`${kind} ${id}`).digest('hex').slice(0, 16);

const ownersOf = ({ report, patient }: Owned): string[] => [hashed('report', report), ...(patient === undefined ? [] : [hashed('patient', patient)])];

/** The index of a training split: each report once, however many images it has. */
export function retrievalIndex(training: readonly Study[], k: number): RetrievalIndex {
  const reports = [...new Map(training.map((study) => [study.report, study])).values()];
  const count = Math.min(maxEntries, reports.length);
  const chosen = Array.from({ length: count }, (_, i) => reports[Math.floor((i * reports.length) / count)]!);
  return { version: 1, k, entries: chosen.map((study) => ({ findings: study.findings, impression: study.impression, owners: ownersOf(study) })) };
}

/** Findings extended by what was retrieved for them. */
export interface RetrievedFindings {
  /** `findings [SEP] impression [SEP] impression`, nearest first. Reports of the same report or patient as `of` are left out. */
  extend(findings: string, of?: Owned): string;
  /** Studies with their findings extended. */
  studies(studies: readonly Study[]): Study[];
  /** A loader of studies that are read extended, and whose `studies` are what they were. */
  loader(studies: readonly Study[], open: (extended: readonly Study[]) => Loader): Loader;
}

/**
 * Retrieval from an index. Findings that occur again word for word, of other patients, are retrieved like any: unseen studies meet them, too.
 * Reports that share no word with the findings are not.
 */
export function retrievedFindings({ entries, k }: RetrievalIndex): RetrievedFindings {
  const near = nearestFindings(entries.map(({ findings }) => findings));
  const byOwner = new Map<string, number[]>();
  entries.forEach(({ owners }, i) => owners.forEach((owner) => byOwner.set(owner, [...(byOwner.get(owner) ?? []), i])));
  const extend = (findings: string, of?: Owned): string => {
    const excluded = of ? ownersOf(of).flatMap((owner) => byOwner.get(owner) ?? []) : [];
    return [findings, ...near(findings, k, excluded).map((i) => entries[i]!.impression)].join(' [SEP] ');
  };
  // The search goes over the whole index: once for each list of studies.
  const known = new WeakMap<readonly Study[], Study[]>();
  const studies = (of: readonly Study[]): Study[] => {
    const extended = known.get(of) ?? of.map((study) => ({ ...study, findings: extend(study.findings, study) }));
    known.set(of, extended);
    return extended;
  };
  return { extend, studies, loader: (of, open) => ({ ...open(studies(of)), studies: of }) };
}

/** Throws one line for a tokenizer that does not read `[SEP]` in a text as its token, by which what is retrieved is set apart. */
export function checkSeparator({ encode, special }: Pick<Tokenizer, 'encode' | 'special'>): void {
  if (encode('a [SEP] b').filter((id) => id === special.sep).length !== 2)
    throw new HybridmedError(
      '"retrieve" sets texts apart by [SEP], which the tokenizer does not read as a token within a text; give one whose added tokens have it',
    );
}
