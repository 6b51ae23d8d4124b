// The shader of a look-up: one thread per element, or per quad of them.
import type { ItemType } from '../dispatch.ts';
import { shaderOf } from '../dispatch.ts';
import { perThread } from '../shader.ts';

/** Ids outside the table are clamped. Parameters: items of the result, rowItems, rows. */
export const shader = (item: ItemType) =>
  shaderOf({
    reads: { table: item, ids: 'i32' },
    writes: { y: item },
    code: perThread(
      'parameters.items',
      `  let row = u32(clamp(ids[i / parameters.rowItems], 0, i32(parameters.rows) - 1));
  y[i] = table[row * parameters.rowItems + i % parameters.rowItems];`,
    ),
  });
