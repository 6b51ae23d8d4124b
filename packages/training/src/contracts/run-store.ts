// The contract of a run's storage: a folder in Node, or whatever a page has.
import type { EarlierStage, Stage } from '@hybridmed/model';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { StepLine, ValidationLine } from './metrics.ts';
import type { TrainerState } from './trainer-state.ts';

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

/** The last checkpoint of a stage, with what resuming needs. */
export interface ResumePoint {
  readonly parameters: HostArrays;
  readonly optimizer: Readonly<Record<string, HostArray>>;
  readonly trainer: TrainerState;
  readonly tuning?: unknown;
}

/** A training study whose image could not be read when a step (counted from 1) of an epoch (from 1) needed it. */
export interface SkippedStudy {
  readonly id: string;
  readonly reason: string;
  readonly stage: Stage;
  readonly epoch: number;
  readonly step: number;
}

/** Parameters of a stage's best checkpoint; `file` names it in messages. */
export interface StageParameters {
  readonly file: string;
  readonly parameters: HostArrays;
}

/** Stores a run: its log, its checkpoints, and where it resumes. */
export interface RunStore {
  /** The best checkpoint of a stage that a later one starts from: the run's own, or that of the run which its settings name. */
  best(stage: EarlierStage): Promise<StageParameters | undefined>;
  /** Where a stage resumes; undefined where the run is not resumed or the stage has no last checkpoint. */
  resumePoint(stage: Stage): Promise<ResumePoint | undefined>;
  /** Lines that the log had when the stages before this one ended; 0 where there were none. */
  linesBefore(stage: Stage): Promise<number>;
  /** Makes the run's place where there is none, and cuts its log to as many lines as `start` counts. Called once the step after `start` has succeeded. */
  begin(start: TrainerState): Promise<void>;
  /** Appends a line to the log; returns its number of lines. */
  append(line: StepLine | ValidationLine): number;
  /** Records a study that is skipped from here on; written with the next checkpoint. */
  noteSkipped(study: SkippedStudy): void;
  /** Replaces a stage's checkpoint, as a whole or not at all. The last confirmed one stays beside a newer one. */
  save(stage: Stage, kind: CheckpointKind, snapshot: StageSnapshot): Promise<void>;
  /** Confirms the last checkpoint, since the step after it was finite: the one before it may go. */
  confirmLast(stage: Stage): Promise<void>;
  /** Removes the last checkpoint, since the step after it was not finite: the confirmed one before it is the last again. Returns its step, if there is one. */
  rejectLast(stage: Stage): Promise<number | undefined>;
}
