// What a run records of each step and each validation: the lines of metrics.jsonl, and what loggers receive.
import type { LossName, Stage } from '@hybridmed/model';
import { lossRows } from '@hybridmed/model/objective';

/** Losses by name in the table's order, null where a stage does not use one; those that are off by default are there only where they are used. */
export type LossValues = Readonly<Partial<Record<LossName, number | null>> & { readonly total: number | null }>;

/** Values of the losses that are used, as the log records them. */
export function lossValues(values: Readonly<Partial<Record<LossName | 'total', number>>>): LossValues {
  const recorded = lossRows.filter(({ key, defaultWeight }) => defaultWeight !== 0 || values[key] !== undefined);
  return { ...Object.fromEntries(recorded.map(({ key }) => [key, values[key] ?? null])), total: values.total ?? null };
}

/** What every line has. */
interface Line {
  readonly stage: Stage;
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

/** A validation, losses in nats per study (summed over its tokens for those of unit `token`). */
export interface ValidationLine extends Line {
  readonly validation: LossValues;
  /** Mean number of target tokens of a study; absent of a stage without texts and in lines of earlier versions. */
  readonly tokensPerStudy?: number;
  /** CIDEr of the impressions written from the findings, where stage 1 is judged by it. */
  readonly cider?: number;
}
