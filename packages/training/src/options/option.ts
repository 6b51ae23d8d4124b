// An option: one row from which a flag, its help, a key of configuration files with its schema, and a line of the documentation are made.
import type { Preset } from '@hybridmed/model/presets';
import type { Value } from './values.ts';

/** What a default may depend on: the preset, and what was given. */
export interface DefaultContext {
  readonly preset: Preset;
  readonly given: Readonly<Record<string, unknown>>;
}

/** A row. Its key in a table is the key in files and in values; in kebab-case it is the flag: `imageSize`, `--image-size`. */
export interface Option<T = unknown> {
  readonly value: Value<T>;
  /** What help calls the flag's text: `pixels`; a switch has none. */
  readonly argument?: string;
  /** What it says, as a phrase in small letters, without a full stop. */
  readonly help: string;
  /** Its value where nobody gives one. */
  readonly default?: T | ((context: DefaultContext) => T);
  /** The default in words, where it is no constant or not worth showing as one. */
  readonly defaultWords?: string;
  /** Must be given. */
  readonly required?: boolean;
  /** `run`: of what is computed, kept with a run; `process` (the default): of the process that computes it, which may differ from start to start. */
  readonly scope?: 'run' | 'process';
  /** Whether a resumed run may have another value of it: of scope `run` those may not (`same`) that do not say so. */
  readonly onResume?: 'same' | 'may change';
  /** Whether stages may have different values of it, given under `stages` in a file. */
  readonly byStage?: true;
  /** Whether it is given in a file alone: it has no flag. */
  readonly fileOnly?: true;
  /** What remains of a file's value where flags give values by key; by default all of it. */
  beneath?(value: T, flags: Readonly<Record<string, unknown>>): T;
  /** The flag's negative, `--no-X`: the value it stands for and its help. `only`: there is no other flag. */
  readonly off?: { readonly value: T; readonly help: string; readonly only?: boolean };
}

/** A table of options by key. */
// oxlint-disable-next-line typescript/no-explicit-any -- rows of any kinds of values.
export type Options = Readonly<Record<string, Option<any>>>;

/** The value of a row. */
export type ValueOf<R> = R extends { readonly value: Value<infer T> } ? T : never;

type Always = { readonly default: unknown } | { readonly required: true };

/** The values of a table: those of rows without a default may be absent. */
export type Values<O extends Options> = {
  readonly [K in keyof O as O[K] extends Always ? K : never]: ValueOf<O[K]>;
} & { readonly [K in keyof O as O[K] extends Always ? never : K]?: ValueOf<O[K]> };

type Row<T> = Omit<Option<T>, 'default' | 'required'>;

/** A row that has a default. */
export interface OptionWithDefault<T> extends Row<T> {
  readonly default: T | ((context: DefaultContext) => T);
}

/** A row that must be given. */
export interface RequiredOption<T> extends Row<T> {
  readonly required: true;
}

/** Types a row: its default is of its kind of value. */
export function option<T>(row: Row<T> & { readonly default: NoInfer<T> | ((context: DefaultContext) => NoInfer<T>) }): OptionWithDefault<T>;
export function option<T>(row: Row<T> & { readonly required: true }): RequiredOption<T>;
export function option<T>(row: Row<T>): Row<T>;
export function option<T>(row: Option<T>): Option<T> {
  return row;
}

/** A table of a run's settings: rows of scope `run`. */
export const ofRun = <const O extends Options>(rows: O): { [K in keyof O]: O[K] & { readonly scope: 'run' } } =>
  Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, { ...row, scope: 'run' }])) as { [K in keyof O]: O[K] & { readonly scope: 'run' } };

/** Marks a row whose value may differ by stage. */
// oxlint-disable-next-line typescript/no-explicit-any -- rows of any kinds of values.
export const perStage = <R extends Option<any>>(row: R): R & { readonly byStage: true } => ({ ...row, byStage: true });

/** A key as a flag: imageSize, --image-size. */
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
