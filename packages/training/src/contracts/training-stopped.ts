// The error of a run whose signal was aborted.
import { HybridmedError } from '@hybridmed/tensor';
import type { Stage } from '@hybridmed/model';

/** Thrown by a run whose signal was aborted, once everything that it computed is saved: it resumes where it stopped. */
export class TrainingStoppedError extends HybridmedError {
  override readonly name: string = 'TrainingStoppedError';
  /** The last step; undefined where the run was stopped before it opened what it needs. */
  readonly at: { readonly stage: Stage; readonly step: number } | undefined;

  constructor(at?: { readonly stage: Stage; readonly step: number }) {
    super(
      at && at.step > 0 ? `stopped in stage ${at.stage} after step ${at.step}, which is saved` : `stopped before the first step of stage ${at?.stage ?? 1}`,
    );
    this.at = at;
  }
}
