// provenance.json of a run: which studies it saw, by count and hash, and when, where and with which version it ran.
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DataSet, Split, Study } from '@hybridmed/data';
import type { Stage } from '@hybridmed/model';
import type { Device } from '@hybridmed/tensor';
import { hashNames } from '../cache/content-hash.ts';
import { fileError, readJson, writeFileAtomic } from '../files.ts';
import { version } from '../version.ts';
import type { SkippedStudy } from '@hybridmed/training';
import type { DataIdentity } from './data-identity.ts';
import { dataDifferences, splitIdentity } from './data-identity.ts';
import { provenanceSchema } from './provenance-schema.ts';
import type { RecordedRatio } from './recorded-ratio.ts';
import type { HubSources, SourceHashes } from './source-settings.ts';

/** Studies of one split. */
export interface SplitSummary {
  readonly studies: number;
  readonly reports: number;
  /** SHA-256 of the sorted study ids, one a line. */
  readonly ids: string;
}

/** The studies that a run was started or resumed with. */
export interface RecordedData {
  readonly name: string;
  readonly spec: string;
  readonly splits: Readonly<Record<Split, SplitSummary>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** Training studies that were skipped, in this session or an earlier one, and when. */
  readonly skipped?: readonly SkippedStudy[];
  /** What the studies are known by when the run is resumed; earlier versions did not record it. */
  readonly identity?: DataIdentity;
}

/** One call of the trainer: a run that was stopped and resumed has several. Times are ISO 8601. */
export interface SessionRecord {
  readonly started: string;
  /** When it was last known to be running. */
  readonly ended: string;
  readonly device: string;
  readonly version: string;
  /** The studies of this session; earlier versions recorded those of the last session only. */
  readonly data?: RecordedData;
  /** What the checkpoints are known by that the run starts from. */
  readonly sources?: SourceHashes;
  /** What of them was named on a hub, and the commit that it was, by setting. */
  readonly hub?: HubSources;
  /** What was changed when the run was resumed, and after which step. */
  readonly changes?: readonly RecordedChange[];
  /** What published checkpoints did not state and was taken by convention. */
  readonly assumed?: readonly string[];
  /** How the images of a published vision encoder are normalized, and who says so. */
  readonly images?: string;
}

/** Something that is not what it was when the run stopped: a setting, or the `studies` themselves. */
export interface Change {
  readonly setting: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** A change of a resumed run, from the step after `step` of `stage` on. */
export interface RecordedChange extends Change {
  readonly stage: Stage;
  readonly step: number;
}

/** What provenance.json holds. */
export interface Provenance {
  /** The studies of the last session. */
  readonly data: RecordedData;
  readonly sessions: readonly SessionRecord[];
  readonly likelihoodRatios?: readonly RecordedRatio[];
}

/** Hash of a set of study ids, whatever their order. */
export const hashIds = (studies: readonly Study[]): string => hashNames(studies.map(({ id }) => id));

const summary = (studies: readonly Study[]): SplitSummary => ({
  studies: studies.length,
  reports: new Set(studies.map(({ report }) => report)).size,
  ids: hashIds(studies),
});

/** The studies of a session, given those of them that are skipped. */
export type DataRecord = (skipped: readonly SkippedStudy[]) => RecordedData;

/** A session under way; `save` writes it, with the present moment as its end. */
export interface Session {
  /** Records a study that is skipped from here on. */
  skip(study: SkippedStudy): void;
  /** Called once the step after this point has succeeded: what has changed holds from there on. */
  begin(at: { readonly stage: Stage; readonly step: number }): void;
  save(): Promise<void>;
}

/** The studies of a run as they are recorded. `used` are those it trains and validates on. */
export async function recordData(data: DataSet, used: Readonly<Record<'train' | 'validate', readonly Study[]>>): Promise<DataRecord> {
  const splits = { ...used, test: data.studies.filter(({ split }) => split === 'test') };
  const [train, validate, test] = [await splitIdentity(splits.train), await splitIdentity(splits.validate), await splitIdentity(splits.test)];
  const none: ReadonlySet<string> = new Set();
  const known = {
    name: data.name,
    spec: data.spec,
    splits: { train: summary(splits.train), validate: summary(splits.validate), test: summary(splits.test) },
    dropped: data.dropped,
  };
  return (skipped) => ({
    ...known,
    ...(skipped.length > 0 ? { skipped } : {}),
    identity: { train: train(new Set(skipped.map(({ id }) => id))), validate: validate(none), test: test(none) },
  });
}

/** Where a run's provenance is. */
export const provenanceFile = (out: string): string => join(out, 'provenance.json');

/** What the file holds, whatever that is; undefined where there is none. */
const readSaved = async (out: string): Promise<unknown> => (existsSync(provenanceFile(out)) ? ((await readJson(provenanceFile(out))) as unknown) : undefined);

/** What differs between the studies of two sessions. Of those that an earlier version recorded only the ids are known. */
function differences(before: RecordedData, now: RecordedData): string[] {
  if (before.identity && now.identity) return dataDifferences(before.identity, now.identity);
  return (['train', 'validate', 'test'] as const).flatMap((split) =>
    before.splits[split].ids === now.splits[split].ids ? [] : [`${split} has other studies`],
  );
}

/** What the run in a folder last started from; nothing where its provenance does not say. */
export async function earlierSources(out: string): Promise<SourceHashes> {
  const earlier = provenanceSchema.safeParse(await readSaved(out));
  return earlier.success ? ((earlier.data as Provenance).sessions.at(-1)?.sources ?? {}) : {};
}

/** The studies that the run in a folder skips; none where its provenance does not say. */
export async function skippedStudies(out: string): Promise<readonly SkippedStudy[]> {
  const earlier = provenanceSchema.safeParse(await readSaved(out));
  return earlier.success ? ((earlier.data as Provenance).data.skipped ?? []) : [];
}

/**
 * A run resumes on the same studies, wherever they lie now, or not at all: throws one line that says what differs, unless that is
 * accepted. Gives what is to be recorded.
 */
export async function checkSameData(out: string, now: RecordedData, { accept }: { readonly accept: boolean }): Promise<readonly Change[]> {
  const earlier = (await readSaved(out)) as Provenance | undefined;
  const known = earlier === undefined || provenanceSchema.safeParse(earlier).success;
  if (!known && !accept)
    throw fileError(
      provenanceFile(out),
      'does not say which studies the run was trained on',
      'restore it, name another --out, or resume on the present data with --accept-changed-data',
    );
  const differing = earlier === undefined ? [] : known ? differences(earlier.data, now) : ['what it was trained on is not known'];
  if (differing.length === 0) return [];
  const difference = differing.join(', ');
  if (!accept)
    throw fileError(
      now.spec,
      `is not the data that the run in ${out} was trained on: ${difference}`,
      'restore it, name another --out, or resume on the present data with --accept-changed-data',
    );
  return [{ setting: 'studies', from: `those of the session of ${earlier!.sessions?.at(-1)?.started}`, to: difference }];
}

// A reason names a file, whose path may be long.
const maxReason = 2000;

/** Begins a session of the run in a folder. Writes nothing yet. */
export async function beginSession(
  out: string,
  device: Device,
  {
    record,
    sources = {},
    hub = {},
    changed,
    assumed,
    images,
  }: {
    readonly record: DataRecord;
    readonly hub?: HubSources;
    readonly sources?: SourceHashes;
    readonly changed: readonly Change[];
    readonly assumed: readonly string[];
    readonly images?: string | undefined;
  },
): Promise<Session> {
  const skipped = [...(await skippedStudies(out))];
  let recorded: RecordedData | undefined;
  const before = (await readSaved(out)) as Partial<Provenance> | undefined;
  const earlier = Array.isArray(before?.sessions) ? before.sessions : [];
  const ratios = Array.isArray(before?.likelihoodRatios) ? before.likelihoodRatios : [];
  const started = new Date().toISOString();
  let changes: readonly RecordedChange[] | undefined;
  return {
    begin({ stage, step }) {
      changes ??= changed.map((change) => ({ ...change, stage, step }));
    },
    skip(study) {
      if (skipped.some(({ id }) => id === study.id)) return;
      skipped.push({ ...study, reason: study.reason.slice(0, maxReason) });
      recorded = undefined;
    },
    async save() {
      const data = (recorded ??= record([...skipped]));
      const ended = new Date().toISOString();
      const session = {
        started,
        ended,
        device: device.info.name,
        version: version(),
        data,
        ...(Object.keys(sources).length > 0 ? { sources } : {}),
        ...(Object.keys(hub).length > 0 ? { hub } : {}),
        ...(changes?.length ? { changes } : {}),
        ...(assumed.length > 0 ? { assumed } : {}),
        ...(images === undefined ? {} : { images }),
      };
      const provenance: Provenance = { data, sessions: [...earlier, session], ...(ratios.length > 0 ? { likelihoodRatios: ratios } : {}) };
      await writeFileAtomic(provenanceFile(out), [`${JSON.stringify(provenance, undefined, 2)}\n`]);
    },
  };
}

/** A run's provenance; undefined where an earlier version wrote none. Throws one line that names the file and the key that is wrong. */
export async function readProvenance(out: string): Promise<Provenance | undefined> {
  const saved = await readSaved(out);
  if (saved === undefined) return undefined;
  const result = provenanceSchema.safeParse(saved);
  if (result.success) return result.data as Provenance;
  const { path, message } = result.error.issues[0]!;
  throw fileError(provenanceFile(out), `"${path.join('.')}": ${message.replace(/^Invalid input: /, '')}`, 'restore what was written, or remove the file');
}

/** The run a checkpoint lies in: RUN/checkpoints/stageN-best. */
export function runOf(checkpoint: string): string | undefined {
  const folder = dirname(resolve(checkpoint));
  return basename(folder) === 'checkpoints' && existsSync(join(dirname(folder), 'run.json')) ? dirname(folder) : undefined;
}
