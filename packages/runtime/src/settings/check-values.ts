// Schemas of tables of settings, and the check of what a file says.
import { HybridmedError } from '@hybridmed/tensor';
import type { Options, ValueOf } from '@hybridmed/training/options';
import { nearestKey } from '@hybridmed/training/options';
import type { ZodType } from 'zod';
import { z } from 'zod';
import { runSettings } from './run-settings.ts';

/** A help's phrase as a sentence; what it is said of first, such as `csv:`, stays as it is written. */
const sentence = (help: string): string => (/^\w+:/.test(help) ? `${help}.` : `${help[0]!.toUpperCase()}${help.slice(1)}.`);

/** The schema of each row of a table. */
export const schemasOf = <O extends Options>(options: O): { [K in keyof O]: ZodType<ValueOf<O[K]>> } =>
  Object.fromEntries(Object.entries(options).map(([key, { value, help }]) => [key, value.schema(z).describe(sentence(help))])) as {
    [K in keyof O]: ZodType<ValueOf<O[K]>>;
  };

/** The schema of a file that gives values of a table; `$schema` may name the schema. */
export const fileSchema = <O extends Options>(options: O) => z.strictObject({ $schema: z.string(), ...schemasOf(options) }).partial();

/** Schema of a run's complete configuration. */
export const runConfigSchema = z.strictObject(schemasOf(runSettings));

const maxListedKeys = 20;

/** The line about a key that no option has. */
function unknownKey(key: string, keys: readonly string[]): string {
  const nearest = nearestKey(key, keys);
  if (nearest !== undefined) return `unknown key "${key}"; did you mean "${nearest}"?`;
  return `unknown key "${key}"; ${keys.length > maxListedKeys ? 'keys are flags in camelCase, see --help' : `keys are ${keys.join(', ')}`}`;
}

/** The line about a key within a value: where it is, and what it may mean. */
function unknownWithin(path: readonly string[], key: string, options: Options): string {
  const [top = '', ...below] = path;
  const keys = options[top]?.value.keys?.[below.length] ?? [];
  // One or two letters, as the number of a stage, are near to anything.
  const nearest = key.length > 2 ? nearestKey(key, keys) : undefined;
  const meant = nearest === undefined ? (keys.length > 0 ? `; keys are ${keys.join(', ')}` : '') : `; did you mean "${nearest}"?`;
  return `"${path.join('.')}": ${Object.hasOwn(options, key) && nearest === undefined ? `"${key}" does not differ by stage` : `unknown key "${key}"`}${meant}`;
}

/** A value as an error quotes it. */
function quoted(value: unknown): string {
  const written = JSON.stringify(value);
  return written.length > 80 ? `${written.slice(0, 80)}...` : written;
}

/** Checks what the file `source` gives as values of a table. Throws one line that names the file, the key and what it must be. */
export function checkValues(source: string, content: unknown, options: Options): Record<string, unknown> {
  const keys = Object.keys(options);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new HybridmedError(`${source}: holds no values by key; write {"${keys[0]}": ..., ...} in JSON, or lines such as ${keys[0]}: ... in YAML`);
  const result = fileSchema(options).safeParse(content);
  if (result.success) {
    const { $schema: _schema, ...values } = result.data as Record<string, unknown>;
    return values;
  }
  const unknown = Object.keys(content).find((key) => key !== '$schema' && !keys.includes(key));
  if (unknown !== undefined) throw new HybridmedError(`${source}: ${unknownKey(unknown, keys)}`);
  const issue = result.error.issues[0]!;
  const { message } = issue;
  const path = issue.path.map(String);
  const [key = ''] = path;
  if (issue.code === 'unrecognized_keys' && path.length > 0) throw new HybridmedError(`${source}: ${unknownWithin(path, issue.keys[0]!, options)}`);
  const value = (content as Record<string, unknown>)[key];
  if (path.length > 1) throw new HybridmedError(`${source}: "${path.join('.')}": ${message.replace(/^Invalid input: /, '')}`);
  throw new HybridmedError(`${source}: "${key}" is ${quoted(value)}; give ${options[key]?.value.words ?? 'a text'}`);
}
