// What a sum of rows by id is.
import type { ElementType } from '../kernel.ts';

/** `ids` rows of `width` elements are added to a table of `rows` zeros. Ids outside are clamped. */
export interface ScatterAddProblem {
  readonly type: ElementType;
  readonly rows: number;
  readonly width: number;
  readonly ids: number;
}
