// The loggers of a run as one: TensorBoard files and those that the caller gives. One that fails is named, and costs the run nothing more.
import type { LoggedRun, MetricsLine, RunLogger, RunOutcome } from '@hybridmed/training';
import type { HubSources } from '../run/source-settings.ts';
import type { PretrainOptions } from '../run/pretrain-options.ts';
import { version } from '../version.ts';
import { gitCommit } from './git-commit.ts';
import { tensorBoardLogger } from './tensorboard.ts';

/** What the store of a run tells. None of it throws. */
export interface RunLoggers {
  begin(lines: readonly MetricsLine[]): Promise<void>;
  line(line: MetricsLine): void;
  end(outcome: RunOutcome): Promise<void>;
}

/** A logger that is still called, and what its lines have not finished yet. */
interface Listener {
  readonly logger: RunLogger;
  readonly pending: Set<Promise<void>>;
  begun: boolean;
  failed: boolean;
}

/** Tells several loggers; `onMessage` gets one line for each that fails. */
export function runLoggers(loggers: readonly RunLogger[], about: Omit<LoggedRun, 'lines'>, onMessage?: (text: string) => void): RunLoggers {
  const listeners = loggers.map((logger): Listener => ({ logger, pending: new Set(), begun: false, failed: false }));
  const fail = (listener: Listener, call: string, error: unknown): void => {
    if (listener.failed) return;
    listener.failed = true;
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    onMessage?.(`logger "${listener.logger.name}": ${call} failed: ${reason}; the run goes on without it`);
  };
  const call = async (listener: Listener, name: 'begin' | 'end', work: () => void | Promise<void>): Promise<void> => {
    try {
      if (!listener.failed) await work();
    } catch (error) {
      fail(listener, name, error);
    }
  };
  const tell = (listener: Listener, line: MetricsLine): void => {
    const { logger, pending } = listener;
    if (!listener.begun || listener.failed || !logger.line) return;
    try {
      const told = logger.line(line);
      if (!(told instanceof Promise)) return;
      const waited = told.catch((error: unknown) => fail(listener, 'line', error)).finally(() => pending.delete(waited));
      pending.add(waited);
    } catch (error) {
      fail(listener, 'line', error);
    }
  };
  return {
    async begin(lines) {
      for (const listener of listeners) {
        // Each stage begins; a session does once.
        if (listener.begun) continue;
        await call(listener, 'begin', () => listener.logger.begin?.({ ...about, lines }));
        listener.begun = true;
      }
    },
    line(line) {
      for (const listener of listeners) tell(listener, line);
    },
    async end(outcome) {
      for (const listener of listeners) {
        if (!listener.begun) continue;
        await Promise.all(listener.pending);
        await call(listener, 'end', () => listener.logger.end?.(outcome));
        listener.begun = false;
      }
    },
  };
}

/** The loggers of a run in a folder. */
export function openLoggers({ out, config, device, events, loggers = [] }: PretrainOptions, hub: HubSources): RunLoggers {
  const commit = gitCommit(process.cwd());
  const facts = {
    version: version(),
    device: device.info.name,
    ...(commit === undefined ? {} : { commit }),
    ...Object.fromEntries(Object.entries(hub).map(([setting, source]) => [`hub.${setting}`, `${source.name} at ${source.commit}`])),
  };
  return runLoggers([tensorBoardLogger(), ...loggers], { place: out, settings: { ...config }, facts }, events?.onMessage);
}
