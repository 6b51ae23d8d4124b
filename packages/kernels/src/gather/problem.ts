// What a look-up of rows by id is.
import type { ElementType } from '../kernel.ts';

/** `ids` ids pick rows of `width` elements from a table of `rows`. Ids outside are clamped. */
export interface GatherProblem {
  readonly type: ElementType;
  readonly rows: number;
  readonly width: number;
  readonly ids: number;
}
