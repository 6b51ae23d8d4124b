// The contract of a run's loggers: what TensorBoard files, a server of experiments, and functions of a user's own are told while it trains.
import type { StepLine, ValidationLine } from './metrics.ts';

/** A line of a run's log: `time` is when it was written, in seconds since 1970. Lines of earlier versions lack it. */
export type MetricsLine = (StepLine | ValidationLine) & { readonly time?: number };

/** How training ended: by itself, asked to stop, or by an error. */
export type RunOutcome = 'finished' | 'stopped' | 'failed';

/** A run, as its loggers are told of it. */
export interface LoggedRun {
  /** The run's place: a folder in Node. */
  readonly place: string;
  /** The settings of the run, complete. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is known of it beside its settings: version, device, commit of the working folder, commits of a hub's models. */
  readonly facts: Readonly<Record<string, string>>;
  /** The lines that the log has already: those before the step where a run is resumed. */
  readonly lines: readonly MetricsLine[];
}

/**
 * What is told of a run while it trains; of several ranks, rank 0 alone tells. An exception or a rejected promise never ends a run: it
 * is reported once, with the logger's name, and that logger is not called any more. To end a run, abort its signal.
 */
export interface RunLogger {
  /** What messages call it. */
  readonly name: string;
  /** Called once the first step of a session has succeeded, before `line`; awaited. A run that is resumed, or whose device was lost, begins again. */
  begin?(run: LoggedRun): void | Promise<void>;
  /** Called with each step and each validation, in their order. A promise that it returns is not waited for until `end`: the next step goes on meanwhile. */
  line?(line: MetricsLine): void | Promise<void>;
  /** Called when training ends, after everything that `line` returned; awaited. Not called where the process is killed, nor without `begin`. */
  end?(outcome: RunOutcome): void | Promise<void>;
}
