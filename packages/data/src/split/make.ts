// Making a set's split ids and verifying a file of them against the set.
import { DataError } from '@hybridmed/images/errors';
import { readSource } from '../open.ts';
import type { SourceData } from '../sources/source.ts';
import type { SelectOptions, Split } from '../study.ts';
import type { SplitFractions } from './draw.ts';
import { splitByRank } from './draw.ts';
import type { SplitIds, SplitKey } from './file.ts';
import { questionKey, readSplit, splitHash, studyKey } from './file.ts';

/** How to make a split. */
export interface MakeSplitOptions extends SelectOptions {
  /** What is kept together: patients by default, studies where the set names no patients. */
  by?: SplitKey;
  /** Fractions of a new draw. Without it the set's own split is written down. */
  fractions?: SplitFractions;
}

/** Everything of a set that has a split, with the ids it may go by. */
function* members(data: SourceData): Generator<{ split: Split; key(by: SplitKey): string | undefined; patient: string | undefined }> {
  for (const study of data.studies) yield { split: study.split, key: (by) => studyKey(study, by), patient: study.patient || undefined };
  for (const question of data.questions ?? []) yield { split: question.split, key: (by) => questionKey(question, by), patient: question.patient };
}

function keptTogether(data: SourceData): SplitKey {
  let any = false;
  for (const { patient } of members(data)) {
    if (patient === undefined) return 'study';
    any = true;
  }
  return any ? 'patient' : 'study';
}

/**
 * The split of a set as ids: its own, or a new one drawn by the rank of sha256(id). All that the set names is split, whether images are on
 * disk or not. Throws a DataError where an id has none, or stands in two parts of the set's own split.
 */
export async function makeSplit(spec: string, { by, fractions, ...options }: MakeSplitOptions = {}): Promise<SplitIds> {
  const data = await readSource(spec, options);
  const key = by ?? keptTogether(data);
  const splits = new Map<string, Split>();
  for (const { split, key: keyOf } of members(data)) {
    const id = keyOf(key);
    if (id === undefined) throw new DataError(`${spec}: does not name the ${key} of all it holds; split it by another id with --by`);
    const before = splits.get(id);
    if (!fractions && before !== undefined && before !== split)
      throw new DataError(
        `${spec}: ${key} "${id}" is in ${before} and in ${split}; write it down by a finer id with --by, or draw anew with --validate and --test`,
      );
    splits.set(id, split);
  }
  return { key, splits: fractions ? splitByRank(splits.keys(), fractions) : splits };
}

/** What a file of split ids is to a set. */
export interface SplitVerification {
  readonly key: SplitKey;
  /** sha256 of the ids as `writeSplit` writes them. */
  readonly sha256: string;
  readonly ids: Readonly<Record<Split, number>>;
  /** Images or questions of the set that the file lists. */
  readonly members: Readonly<Record<Split, number>>;
  /** Images or questions that the file does not list. */
  readonly unlisted: number;
  /** Ids that the set does not have. */
  readonly unknown: number;
  /** Patients on both sides. */
  readonly leaks: number;
  /** Images or questions that the set itself puts in another part. */
  readonly moved: number;
}

/** Verifies a file of split ids against a set. Throws a DataError for a file or set that cannot be read. */
export async function verifySplit(spec: string, file: string, options: SelectOptions = {}): Promise<SplitVerification> {
  const [data, ids] = [await readSource(spec, options), await readSplit(file)];
  const count = () => ({ train: 0, validate: 0, test: 0 });
  const [byId, byMember] = [count(), count()];
  for (const split of ids.splits.values()) byId[split]++;
  const setIds = new Set<string>();
  const patients = new Map<string, Split>();
  const leaking = new Set<string>();
  let [unlisted, moved] = [0, 0];
  for (const { split: own, key, patient } of members(data)) {
    const id = key(ids.key);
    const split = id === undefined ? undefined : ids.splits.get(id);
    if (id === undefined || split === undefined) {
      unlisted++;
      continue;
    }
    setIds.add(id);
    byMember[split]++;
    if (split !== own) moved++;
    if (patient === undefined) continue;
    if ((patients.get(patient) ?? split) !== split) leaking.add(patient);
    patients.set(patient, split);
  }
  const unknown = ids.splits.size - setIds.size;
  return { key: ids.key, sha256: splitHash(ids), ids: byId, members: byMember, unlisted, unknown, leaks: leaking.size, moved };
}
