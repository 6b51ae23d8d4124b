// A run, ready to train, as the loop knows it: settings, model, sources, store and clock, whoever implements them.
import type { Model, Stage } from '@hybridmed/model';
import type { Communicator } from '@hybridmed/ranks';
import type { Device, HostArrays } from '@hybridmed/tensor';
import type { TrainingConfig } from '../settings/training-settings.ts';
import type { FeatureKeeping } from './byte-store.ts';
import type { Clock } from './clock.ts';
import type { RunEvents } from './run-events.ts';
import type { RunStore } from './run-store.ts';
import type { StudySource } from './study-source.ts';
import type { TextScorer } from './text-scorer.ts';

/** What stages have of their own where settings differ by stage; those of the whole run are the others' defaults. */
export interface StageParts {
  readonly config: TrainingConfig;
  readonly model: Model;
  readonly train: StudySource;
}

/** Everything that the stages work with. */
export interface TrainingRun extends StageParts {
  readonly device: Device;
  readonly validation: StudySource;
  readonly store: RunStore;
  /** Scores texts written for the validation split, where stage 1 is judged by them (`bestBy`). */
  readonly textScorer?: TextScorer | undefined;
  readonly clock: Clock;
  readonly events: RunEvents;
  /** Asks the run to stop: it ends the step it is in, saves, and throws a TrainingStoppedError. */
  readonly signal?: AbortSignal | undefined;
  /** Processes that train the run together; `alone` by default. Sources then give this rank's part of every step and of the validation split. */
  readonly ranks?: Communicator | undefined;
  /** How what frozen parts of encoders make of images is kept. */
  readonly features?: FeatureKeeping | undefined;
  /**
   * Model and training source of a stage under its own settings; the source of the stage before it is not read any more. A run whose
   * settings are the same in all stages may do without.
   */
  openStage?(stage: Stage, config: TrainingConfig): Promise<Pick<StageParts, 'model' | 'train'>>;
  /** Values of published encoders by the model's names; what they lack starts from the seed. */
  encoderValues(): Promise<HostArrays>;
}
