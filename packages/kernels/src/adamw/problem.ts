// What an update of all parameters is.
import type { TensorPart } from '../tensor-table.ts';

/** One parameter: where its gradient lies, where it lies itself, and its constants. */
export interface UpdatedTensor extends TensorPart {
  /** Which of the arrays that are rewritten has it, and its first element there, a multiple of four; its moments lie alike. */
  readonly target: number;
  readonly at: number;
  /** 0 where the parameter does not decay. */
  readonly weightDecay: number;
  /** Factor on the learning rate. */
  readonly rate: number;
  /** Upper bound of the new values; Infinity for none. */
  readonly ceiling: number;
}

/** One update of all parameters. */
export interface AdamWProblem {
  /** Lengths of the arrays in which gradients lie. */
  readonly sources: readonly number[];
  /** Lengths of the arrays in which parameters lie, whole quads; each has its own for first and second moments. */
  readonly targets: readonly number[];
  readonly tensors: readonly UpdatedTensor[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Max global norm; Infinity for no clipping. */
  readonly maxNorm: number;
  /** Whether gradients come multiplied by a loss scale, an input of its own; where the norm is not finite nothing is then updated. */
  readonly scaled?: boolean;
}
