// Ctrl-C and SIGTERM (sent by schedulers): the first signal asks the work to stop, a second one ends the process at once.
import { constants } from 'node:os';
import type { Output } from './output.ts';
import { printJson } from './output.ts';

const names = ['SIGINT', 'SIGTERM'] as const;

/** A signal that asks a process to stop. */
export type StopSignalName = (typeof names)[number];

/** The exit code for a signal by the shells' convention: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodeOf = (name: StopSignalName): number => 128 + constants.signals[name];

/** Listens for the signals. */
export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The first signal. */
  received(): StopSignalName | undefined;
  /** Restores the default handling. */
  release(): void;
}

/** Handles the signals until they are released; `onStop` gets the first. */
export function stopSignals(onStop: (name: StopSignalName) => void): StopSignals {
  const controller = new AbortController();
  let first: StopSignalName | undefined;
  const release = () => {
    for (const name of names) process.removeListener(name, handle);
  };
  const handle = (name: StopSignalName) => {
    if (first !== undefined) process.exit(exitCodeOf(name));
    first = name;
    onStop(name);
    controller.abort();
    // Afterwards the system ends the process, even while its thread is in native code. Not immediately: a second signal may be pending already.
    setImmediate(release);
  };
  for (const name of names) process.on(name, handle);
  return { signal: controller.signal, received: () => first, release };
}

/** How a command is stopped. */
export interface StoppableOptions {
  readonly output: Output;
  readonly json: boolean;
  /** What is to be done to go on, for the line that is logged. */
  readonly again: string;
  /** Whether the work is left where it is, since all it writes is whole at every moment; else it ends by itself, with an error, once its signal is aborted. */
  readonly atOnce?: boolean;
}

/** Does a command's work, which a signal stops: one line says so and how to go on, and the exit code is the signal's. Undefined where it was stopped. */
export async function stoppable<T>(
  { output, json, again, atOnce = false }: StoppableOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const stop = stopSignals((name) => output.log(`${name}: stopping; a second signal ends at once`));
  try {
    const result = work(stop.signal);
    if (!atOnce) return await result;
    result.catch(() => undefined);
    return await Promise.race([result, rejectionOf(stop.signal)]);
  } catch (error) {
    const name = stop.received();
    if (name === undefined) throw error;
    const line = `${name}: stopped; ${again}`;
    output.log(line);
    if (json) printJson(output, { error: line });
    output.exitCode = exitCodeOf(name);
    return undefined;
  } finally {
    stop.release();
  }
}

const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

/** A command line quoted for a shell. */
export const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
