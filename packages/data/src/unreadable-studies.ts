// The error of a batch whose images cannot all be read.
import { DataError } from '@hybridmed/images/errors';

/** Studies of a batch whose images cannot be read: the first reason, and each one's by its number. */
export class UnreadableStudiesError extends DataError {
  readonly reasons: ReadonlyMap<number, string>;

  constructor(reasons: ReadonlyMap<number, string>) {
    super([...reasons.values()][0]!);
    this.reasons = reasons;
  }
}
