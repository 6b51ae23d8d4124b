// Configuration files of commands: an object whose keys are those of the options.
import type { Options } from '@hybridmed/training/settings';
import { option, string } from '@hybridmed/training/settings';

/** `--config`, which every command has. */
export const configOption = {
  config: option({ value: string(), argument: 'file', help: 'values of these options from a JSON file, keys in camelCase; flags take precedence' }),
} as const satisfies Options;

/** Reads values of `options` from a file. Throws one line that names the file, the key and what it must be. */
export async function readConfig(file: string, options: Options): Promise<Record<string, unknown>> {
  const [{ readJson }, { checkValues }] = await Promise.all([import('@hybridmed/runtime/files'), import('@hybridmed/runtime/run')]);
  return checkValues(file, await readJson(file), options);
}
