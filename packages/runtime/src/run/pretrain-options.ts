// What pre-training is called with.
import type { Communicator } from '@hybridmed/ranks';
import type { Device } from '@hybridmed/tensor';
import type { RunEvents, RunLogger } from '@hybridmed/training';
import type { CacheOptions } from '../cache/feature-keeping.ts';
import type { RunConfig } from '../settings/run-settings.ts';

/** What a run needs beside its configuration. */
export interface PretrainOptions {
  readonly config: RunConfig;
  readonly out: string;
  readonly device: Device;
  readonly resume?: boolean;
  /** Whether a run is resumed on other studies than those it was trained on. */
  readonly acceptChangedData?: boolean;
  readonly workers?: number;
  /** Whether to wait for a folder in which another process trains; it is refused otherwise. */
  readonly waitForLock?: boolean;
  readonly events?: RunEvents;
  /** What is told of the run beside its own metrics.jsonl and TensorBoard files. */
  readonly loggers?: readonly RunLogger[];
  /** Asks the run to stop: it ends the step it is in, saves, and throws a TrainingStoppedError. */
  readonly signal?: AbortSignal;
  /** How what frozen parts of encoders make of images is kept. */
  readonly cache?: CacheOptions;
  /** Processes that train the run together: each calls `pretrain` with the same options, rank 0 alone writes and reports. */
  readonly ranks?: Communicator;
}
