// What a run records of each step and each validation: the lines of metrics.jsonl, and what loggers receive.
import type { LossName } from '@hybridmed/model';

/** Losses by name, null where a stage does not use one. */
export type LossValues = Readonly<Record<LossName | 'total', number | null>>;

/** What every line has. */
interface Line {
  readonly stage: 1 | 2;
  readonly epoch: number;
  /** Steps done in this stage. */
  readonly step: number;
}

/** A training step. */
export interface StepLine extends Line {
  readonly lr: number;
  /** Norm of the gradients before clipping; null where the loss scale was too large for them, and the step was left out. */
  readonly gradNorm: number | null;
  /** The loss scale, in mixed precision. */
  readonly lossScale?: number;
  readonly losses: LossValues;
  readonly studiesPerSecond: number;
  /** Resident memory of the process, where the platform reports it. */
  readonly residentMiB?: number;
}

/** A validation, losses in nats per study (sum over its tokens for sum, cap and dis). */
export interface ValidationLine extends Line {
  readonly validation: LossValues;
  /** Mean number of target tokens of a study; lines of earlier versions lack it. */
  readonly tokensPerStudy?: number;
}
