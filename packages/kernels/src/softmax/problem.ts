// What a softmax over the last axis is.

/** Rows of `width` elements. */
export interface SoftmaxProblem {
  readonly rows: number;
  readonly width: number;
  readonly log: boolean;
}
