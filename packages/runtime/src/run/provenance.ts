// provenance.json of a run: which studies it saw, by count and hash, and when, where and with which version it ran.
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DataSet, Split, Study } from '@hybridmed/data';
import type { Device } from '@hybridmed/tensor';
import { hashNames } from '../cache/content-hash.ts';
import { readJson, writeFileAtomic } from '../files.ts';
import { version } from '../version.ts';
import type { ChangedSetting } from './run-folder.ts';

/** Studies of one split. */
export interface SplitSummary {
  readonly studies: number;
  readonly reports: number;
  /** SHA-256 of the sorted study ids, one a line. */
  readonly ids: string;
}

/** One call of the trainer: a run that was stopped and resumed has several. Times are ISO 8601. */
export interface SessionRecord {
  readonly started: string;
  /** When it last saved a checkpoint. */
  readonly ended: string;
  readonly device: string;
  readonly version: string;
  /** What was changed when the run was resumed, and after which step. */
  readonly changes?: readonly RecordedChange[];
}

/** A change of a resumed run, from the step after `step` of `stage` on. */
export interface RecordedChange extends ChangedSetting {
  readonly stage: 1 | 2;
  readonly step: number;
}

/** What provenance.json holds. */
export interface Provenance {
  readonly data: {
    readonly name: string;
    readonly spec: string;
    readonly splits: Readonly<Record<Split, SplitSummary>>;
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly sessions: readonly SessionRecord[];
}

/** Hash of a set of study ids, whatever their order. */
export const hashIds = (studies: readonly Study[]): string => hashNames(studies.map(({ id }) => id));

const summary = (studies: readonly Study[]): SplitSummary => ({
  studies: studies.length,
  reports: new Set(studies.map(({ report }) => report)).size,
  ids: hashIds(studies),
});

/** A running session; `save` writes it, with the present moment as its end. */
export interface Session {
  /** Called once the step after this point has succeeded: what has changed holds from there on. */
  begin(at: { readonly stage: 1 | 2; readonly step: number }): void;
  save(): Promise<void>;
}

/** Starts a session of the run in a folder. `used` are the studies it trains and validates on. Writes nothing yet. */
export async function startSession(
  out: string,
  device: Device,
  data: DataSet,
  used: Readonly<Record<'train' | 'validate', readonly Study[]>>,
  changed: readonly ChangedSetting[],
): Promise<Session> {
  const earlier = (await readProvenance(out))?.sessions ?? [];
  const started = new Date().toISOString();
  const test = data.studies.filter(({ split }) => split === 'test');
  const splits = { train: summary(used.train), validate: summary(used.validate), test: summary(test) };
  let changes: readonly RecordedChange[] | undefined;
  return {
    begin({ stage, step }) {
      changes ??= changed.map((change) => ({ ...change, stage, step }));
    },
    async save() {
      const ended = new Date().toISOString();
      const session = { started, ended, device: device.info.name, version: version(), ...(changes?.length ? { changes } : {}) };
      const provenance: Provenance = { data: { name: data.name, spec: data.spec, splits, dropped: data.dropped }, sessions: [...earlier, session] };
      await writeFileAtomic(join(out, 'provenance.json'), [`${JSON.stringify(provenance, undefined, 2)}\n`]);
    },
  };
}

/** A run's provenance; undefined where an earlier version wrote none. */
export async function readProvenance(out: string): Promise<Provenance | undefined> {
  const file = join(out, 'provenance.json');
  return existsSync(file) ? ((await readJson(file)) as Provenance) : undefined;
}

/** The run a checkpoint lies in: RUN/checkpoints/stageN-best. */
export function runOf(checkpoint: string): string | undefined {
  const folder = dirname(resolve(checkpoint));
  return basename(folder) === 'checkpoints' && existsSync(join(dirname(folder), 'run.json')) ? dirname(folder) : undefined;
}
