// What an argmax over the last axis is.
import type { ElementType } from '../kernel.ts';

/** Rows of `width` elements. */
export interface ArgmaxProblem {
  readonly type: ElementType;
  readonly rows: number;
  readonly width: number;
}
