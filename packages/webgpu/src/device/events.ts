// What a device tells whoever opened it: plans before anything is allocated, shaders as they compile, one traced step.
import type { PlanSummary } from '../plan/summary.ts';
import type { StepTrace } from './trace.ts';

/** Listeners of a device. */
export interface DeviceEvents {
  /** A line for people: what tuning measured, or why a table of choices is not used. */
  onMessage?(text: string): void;
  /** A plan was made for new sizes; nothing of it is allocated yet. */
  onPlan?(summary: PlanSummary): void;
  /** So many of a plan's distinct shaders are compiled; the first call is with none. */
  onCompile?(done: number, total: number): void;
  /** Where present, the second run of the first program that updates state is timed kernel by kernel, once. Needs the feature `timestamp-query`. */
  onTrace?(trace: StepTrace): void;
}
