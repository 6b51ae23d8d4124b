// Ctrl-C and SIGTERM (sent by schedulers): the first signal asks the work to stop, a second one ends the process at once.
import { constants } from 'node:os';

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

/** A command line quoted for a shell. */
export const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
