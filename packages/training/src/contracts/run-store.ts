// The contract behind which a run is kept: a folder in Node, or whatever a page has.
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { StepLine, ValidationLine } from './metrics.ts';
import type { TrainerState } from './trainer-state.ts';

/** The stages of pre-training. */
export type Stage = 1 | 2;

/** A stage's checkpoints: the one of the lowest watched loss, and the newest. */
export type CheckpointKind = 'best' | 'last';

/** What is saved: parameters and, of the last checkpoint, what resuming needs. */
export interface StageSnapshot {
  readonly parameters: HostArrays;
  readonly optimizer?: HostArrays;
  readonly trainer?: TrainerState;
  /** What the device chose by measuring. */
  readonly tuning?: object;
}

/** Where a stage stopped. */
export interface ResumePoint {
  readonly parameters: HostArrays;
  readonly optimizer: Readonly<Record<string, HostArray>>;
  readonly trainer: TrainerState;
  readonly tuning?: unknown;
}

/** Parameters of a stage-1 checkpoint; `file` names it in messages. */
export interface Stage1Parameters {
  readonly file: string;
  readonly parameters: HostArrays;
}

/** Keeps a run. */
export interface RunStore {
  /** The best stage-1 checkpoint that stage 2 starts from: the run's own, or that of the run which its settings name. */
  stage1(): Promise<Stage1Parameters | undefined>;
  /** Where a stage stopped, when the run is resumed and the stage has a last checkpoint. */
  resumePoint(stage: Stage): Promise<ResumePoint | undefined>;
  /** Lines that the log had when this run's stage 1 ended; 0 where it had none. */
  linesOfStage1(): Promise<number>;
  /** Makes the place of the run where there is none, and keeps the first lines of its log, as many as `start` counts. Called once the step after `start` has succeeded. */
  begin(start: TrainerState): Promise<void>;
  /** Adds a line to the log; gives the number of lines it has then. */
  append(line: StepLine | ValidationLine): number;
  /** Replaces a stage's checkpoint, as a whole or not at all. The last one that was confirmed is kept beside a newer one. */
  save(stage: Stage, kind: CheckpointKind, snapshot: StageSnapshot): Promise<void>;
  /** The step after the last checkpoint was finite: the one before it is not needed any more. */
  confirmLast(stage: Stage): Promise<void>;
  /** The step after the last checkpoint was not finite: it goes, and the one that was confirmed before is the last again. Gives the step of that, if there is one. */
  rejectLast(stage: Stage): Promise<number | undefined>;
}
