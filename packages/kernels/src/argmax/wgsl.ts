// Shaders of argmax: one thread per row, or a workgroup or a subgroup where rows are wide.
import { shaderOf } from '../dispatch.ts';
import type { ElementType } from '../kernel.ts';
import type { RowGroup } from '../row-group.ts';
import type { Lanes } from '../shader.ts';
import { itemMax, itemType, longItems, lowest, perThread } from '../shader.ts';

/** One thread per row. Parameters: rows, rowItems. */
export const threadShader = (type: ElementType) =>
  shaderOf({
    reads: { x: type },
    writes: { y: 'i32' },
    code: perThread(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  var best = 0u;
  for (var j = 1u; j < parameters.rowItems; j++) { if (x[start + j] > x[start + best]) { best = j; } }
  y[i] = i32(best);`,
      longItems,
    ),
  });

/** A group per row: each thread keeps the first of its greatest; indices are below 2^24, so that a maximum over f32 finds the least of them. Parameters: rows, rowItems. */
export function groupShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const [item, index] = [itemType(lanes), lanes === 1 ? 'u32' : `vec${lanes}<u32>`];
  const element = (name: string, c: number) => (lanes === 1 ? name : `${name}[${c}]`);
  const firstOf = (c: number) => `  if (${element('best', c)} == top) { first = max(first, -f32(${element('at', c)} * ${lanes}u + ${c}u)); }`;
  return shaderOf({
    extensions,
    reads: { x: item },
    writes: { y: 'i32' },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  var best = ${item}(${lowest});
  var at = ${index}(lane);
  for (var j = lane; j < parameters.rowItems; j += groupThreads) {
    let value = x[start + j];
    let more = value > best;
    best = select(best, value, more);
    at = select(at, ${index}(j), more);
  }
  let top = groupMax(${itemMax(lanes, 'best')}, lane);
  var first = -16777216.0f;
${Array.from({ length: lanes }, (_, c) => firstOf(c)).join('\n')}
  let result = groupMax(first, lane);
  if (lane == 0u) { y[i] = i32(-result); }`,
    )}`,
  });
}
