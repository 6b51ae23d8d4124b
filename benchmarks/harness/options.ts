// Flags that suites share, and a suite's exit code: 0, 1 for a failure or a wrong result, 2 with the usage for a usage error.
import type { AdapterName } from './adapter.ts';
import { adapterNames } from './adapter.ts';

/** A usage error: the message is shown before the usage. */
export class UsageError extends Error {}

/** One of some words. Throws a UsageError. */
export function choice<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  if (!(allowed as readonly string[]).includes(value)) throw new UsageError(`--${flag} is one of ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/** `--device`. */
export const adapterChoice = (value: string): AdapterName => choice('device', value, adapterNames);

/** A positive number. Throws a UsageError. */
export function positive(flag: string, value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number <= 0) throw new UsageError(`--${flag} needs a number above 0, not "${value}"`);
  return number;
}

const isUsageError = (error: unknown): boolean =>
  error instanceof UsageError || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

/** Runs a suite and sets the process's exit code. Nothing but the suite itself writes to standard output. */
export async function runSuite(usage: string, body: () => Promise<number>): Promise<void> {
  if (process.argv.slice(2).some((flag) => flag === '--help' || flag === '-h')) {
    process.stdout.write(usage);
    return;
  }
  try {
    process.exitCode = await body();
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    process.stderr.write(isUsageError(error) ? `${message}\n\n${usage}` : `error: ${message}\n`);
    process.exitCode = isUsageError(error) ? 2 : 1;
  }
}
