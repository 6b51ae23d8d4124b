// Rows of token ids as one array.
import type { HostArray } from './host-array.ts';

/** Token ids of one text. */
export type TokenRow = readonly number[] | Int32Array;

/** Rows padded to the longest, and their mask: ids (B, L) i32, mask (B, L) f32. */
export function padRows(rows: readonly TokenRow[], pad: number): { ids: HostArray; mask: HostArray } {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  const ids = new Int32Array(rows.length * length).fill(pad);
  const mask = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    ids.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  });
  const shape = [rows.length, length];
  return { ids: { data: ids, shape }, mask: { data: mask, shape } };
}
