// What a run reports while it trains.
import type { StepLine, ValidationLine } from './metrics.ts';

/** Listeners of a run; all may be absent. */
export interface RunEvents {
  onMessage?(text: string): void;
  onStep?(line: StepLine, progress: { readonly done: number; readonly total: number }): void;
  onValidation?(line: ValidationLine, best: boolean): void;
}
