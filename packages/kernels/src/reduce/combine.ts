// How two values of a reduction become one, and what it starts from.
import { lowest, lowestInteger } from '../shader.ts';
import type { ElementText } from './elements.ts';
import type { ReduceProblem } from './problem.ts';

/** The value of a reduction over nothing. */
export function startOf(op: ReduceProblem['op'], type: ElementText['type']): string {
  if (type === 'i32') return op === 'sum' ? '0i' : lowestInteger;
  return `${type}(${op === 'sum' ? '0.0f' : lowest})`;
}

/** A statement that takes one more value into a total. */
export const combine = (op: ReduceProblem['op'], total: string, value: string): string =>
  op === 'sum' ? `${total} += ${value};` : `${total} = max(${total}, ${value});`;
