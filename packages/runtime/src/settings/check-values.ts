// Schemas of tables of settings, and the check of what a file says.
import { HybridmedError } from '@hybridmed/tensor';
import type { Options, ValueOf } from '@hybridmed/training/settings';
import type { ZodType } from 'zod';
import { z } from 'zod';
import { nearestKey } from './nearest-key.ts';
import { runSettings } from './run-settings.ts';

const sentence = (help: string): string => `${help[0]!.toUpperCase()}${help.slice(1)}.`;

/** The schema of each row of a table. */
export const schemasOf = <O extends Options>(options: O): { [K in keyof O]: ZodType<ValueOf<O[K]>> } =>
  Object.fromEntries(Object.entries(options).map(([key, { value, help }]) => [key, value.schema(z).describe(sentence(help))])) as {
    [K in keyof O]: ZodType<ValueOf<O[K]>>;
  };

/** The schema of a file that gives values of a table; `$schema` may name the schema. */
export const fileSchema = <O extends Options>(options: O) => z.strictObject({ $schema: z.string(), ...schemasOf(options) }).partial();

/** Schema of a run's complete configuration. */
export const runConfigSchema = z.strictObject(schemasOf(runSettings));

/** Checks what the file `source` gives as values of a table. Throws one line that names the file, the key and what it must be. */
export function checkValues(source: string, content: unknown, options: Options): Record<string, unknown> {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new HybridmedError(`${source}: is no object; write {"${Object.keys(options)[0]}": ..., ...}`);
  const result = fileSchema(options).safeParse(content);
  if (result.success) {
    const { $schema: _schema, ...values } = result.data as Record<string, unknown>;
    return values;
  }
  const issue = result.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0]! : undefined;
  const path = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])];
  const problem = issue.message.replace(/^Invalid input: /, '');
  const nearest = unknown === undefined || path.length > 1 ? undefined : nearestKey(unknown, Object.keys(options));
  const advice = nearest === undefined ? `keys are ${Object.keys(options).join(', ')}` : `did you mean "${nearest}"?`;
  throw new HybridmedError(`${source}: "${path.join('.')}": ${problem}${unknown === undefined ? '' : `; ${advice}`}`);
}
