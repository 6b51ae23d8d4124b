// Reading a published config.json, which comes from a stranger: every field is checked for its kind and range before it is used.
import { WeightsError } from './source.ts';

/** Checked fields of one JSON object. Each reader throws a WeightsError that names the file, the field and what it must be. */
export interface ConfigFields {
  /** True where the field is there and not null. */
  has(key: string): boolean;
  /** The fields that are there and neither null nor false. */
  keys(): readonly string[];
  /** A whole number of at least 1 (2^31 at most). Without `fallback` the field must be there. */
  count(key: string, fallback?: number): number;
  /** A positive number. */
  positive(key: string, fallback?: number): number;
  /** A list of 1 to 64 finite numbers. */
  numbers(key: string): readonly number[];
  text(key: string, fallback?: string): string;
  flag(key: string, fallback?: boolean): boolean;
  /** A list of 1 to 256 objects. */
  objects(key: string): readonly ConfigFields[];
  /** An object inside; an empty one where it is absent. */
  inner(key: string): ConfigFields;
  /** Throws: the field is wrong for a reason of the caller's. */
  refuse(key: string, problem: string): never;
}

/** The fields of what a config file held. `label` names the file in messages. Throws a WeightsError where it is no object. */
export function configFields(json: unknown, label: string): ConfigFields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new WeightsError(`${label}: is not a JSON object; restore the file`);
  const value = (key: string): unknown => (Object.hasOwn(json, key) ? ((json as Record<string, unknown>)[key] ?? undefined) : undefined);
  const refuse = (key: string, problem: string): never => {
    throw new WeightsError(`${label}: "${key}" ${problem}`);
  };
  const formatted = (field: unknown): string => (JSON.stringify(field) ?? 'undefined').slice(0, 40);
  const read = <T>(key: string, fallback: T | undefined, kind: string, ok: (field: unknown) => boolean): T => {
    const field = value(key);
    if (field === undefined && fallback !== undefined) return fallback;
    if (field === undefined) return refuse(key, `is missing; it must be ${kind}`);
    if (!ok(field)) return refuse(key, `is ${formatted(field)}; it must be ${kind}`);
    return field as T;
  };
  return {
    has: (key) => value(key) !== undefined,
    keys: () => Object.keys(json).filter((key) => value(key) !== undefined && value(key) !== false),
    count: (key, fallback) =>
      read(key, fallback, 'a whole number of at least 1', (n) => Number.isSafeInteger(n) && (n as number) >= 1 && (n as number) < 2 ** 31),
    positive: (key, fallback) => read(key, fallback, 'a positive number', (n) => typeof n === 'number' && Number.isFinite(n) && n > 0),
    numbers: (key) =>
      read<readonly number[]>(
        key,
        undefined,
        'a list of numbers',
        (list) => Array.isArray(list) && list.length >= 1 && list.length <= 64 && list.every((n) => Number.isFinite(n)),
      ),
    text: (key, fallback) => read(key, fallback, 'a text', (field) => typeof field === 'string'),
    flag: (key, fallback) => read(key, fallback, 'true or false', (field) => typeof field === 'boolean'),
    objects: (key) =>
      read<readonly unknown[]>(key, undefined, 'a list of objects', (items) => Array.isArray(items) && items.length >= 1 && items.length <= 256).map(
        (item, i) => configFields(item, `${label}: "${key}" ${i}`),
      ),
    inner: (key) => configFields(value(key) ?? {}, `${label}: "${key}"`),
    refuse,
  };
}
