// What the global norm of all gradients is.
import type { TensorPart } from '../tensor-table.ts';

/** Gradients, and lengths of the arrays in which they lie. */
export interface GradientNormProblem {
  readonly sources: readonly number[];
  readonly gradients: readonly TensorPart[];
  /** Whether gradients come multiplied by a loss scale, the last input. */
  readonly scaled?: boolean;
}
