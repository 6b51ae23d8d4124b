// A table of choices as plain JSON: which variant each shape class takes on one adapter. It is kept between runs, and saved with a run.
/// <reference types="@webgpu/types" />
import { variantsVersion } from '@hybridmed/kernels';

/** What a table holds for: other adapters and other versions of the variants have times of their own. */
export interface TuningIdentity {
  readonly adapter: { readonly vendor: string; readonly architecture: string; readonly device: string; readonly description: string };
  readonly version: number;
}

/** Choices made on an adapter. */
export interface TuningTable extends TuningIdentity {
  /** By kernel and shape class: a variant's name; null where nothing was measured and the rule of capability holds. */
  readonly choices: Readonly<Record<string, string | null>>;
}

/** Where tables are kept between runs. `load` gives whatever lies there, or undefined; both throw an Error that says what is wrong. */
export interface TuningStore {
  load(identity: TuningIdentity): Promise<unknown>;
  save(table: TuningTable): Promise<void>;
}

/** Whose choices those of a GPUDevice are. */
export function identityOf({ adapterInfo }: GPUDevice): TuningIdentity {
  const { vendor = '', architecture = '', device = '', description = '' } = adapterInfo ?? {};
  return { adapter: { vendor, architecture, device, description }, version: variantsVersion };
}

/** An identity as a key; equal for equal ones. */
export const keyOf = ({ adapter: { vendor, architecture, device, description }, version }: TuningIdentity): string =>
  JSON.stringify([vendor, architecture, device, description, version]);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The choices of a table for an adapter. Throws an Error that says why a value is no table, or not this adapter's. */
export function choicesFor(identity: TuningIdentity, value: unknown): TuningTable['choices'] {
  if (!isRecord(value) || !isRecord(value['adapter']) || !isRecord(value['choices'])) throw new Error('is no table of choices');
  const { adapter, version, choices } = value as unknown as TuningTable;
  if (!Object.values(choices).every((choice) => choice === null || typeof choice === 'string')) throw new Error('is no table of choices');
  if (version !== identity.version) throw new Error(`is of version ${String(version)} of the variants, not ${identity.version}`);
  if (keyOf({ adapter, version }) !== keyOf(identity))
    throw new Error(`is of another adapter (${String(adapter.description || adapter.device || adapter.vendor)})`);
  return choices;
}

/** A table with its classes in order, so that equal choices are equal text. */
export const tableOf = ({ adapter, version }: TuningIdentity, choices: ReadonlyMap<string, string | null>): TuningTable => ({
  adapter,
  version,
  choices: Object.fromEntries([...choices].toSorted(([a], [b]) => (a < b ? -1 : 1))),
});
