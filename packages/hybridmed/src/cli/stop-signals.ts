// Ctrl-C and SIGTERM, as schedulers send it: what runs is asked to stop, and a second signal ends the process at once.
import { constants } from 'node:os';

const names = ['SIGINT', 'SIGTERM'] as const;

/** A signal that asks a process to stop. */
export type StopSignalName = (typeof names)[number];

/** The exit code that shells know a signal by: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodeOf = (name: StopSignalName): number => 128 + constants.signals[name];

/** Listens for the signals. */
export interface StopSignals {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Which one it was. */
  received(): StopSignalName | undefined;
  /** Leaves the signals to whoever had them before. */
  release(): void;
}

/** Takes over the signals until they are released; `onStop` is told of the first. */
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
    // From then on the system ends the process, even while its thread is in native code. Not sooner: a second signal may have come already.
    setImmediate(release);
  };
  for (const name of names) process.on(name, handle);
  return { signal: controller.signal, received: () => first, release };
}

/** A command line as a shell takes it. */
export const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
