// Token ids of several studies as one padded batch.
import type { HostArray, TextArrays } from './batch.ts';

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

/** For each row, the first row equal to it: (B) i32. */
export function groupRows(rows: readonly TokenRow[]): HostArray {
  const first = new Map<string, number>();
  const groups = rows.map((row, i) => {
    const key = row.join();
    if (!first.has(key)) first.set(key, i);
    return first.get(key)!;
  });
  return { data: Int32Array.from(groups), shape: [rows.length] };
}

/** The texts of a batch. Each row of tokens begins with [CLS] and ends with [SEP]. */
export function collateTexts(findings: readonly TokenRow[], impressions: readonly TokenRow[], pad: number): TextArrays {
  const [f, y] = [padRows(findings, pad), padRows(impressions, pad)];
  const input = padRows(
    impressions.map((row) => row.slice(0, -1)),
    pad,
  );
  const target = padRows(
    impressions.map((row) => row.slice(1)),
    pad,
  );
  return {
    findings: f.ids,
    findings_mask: f.mask,
    impression: y.ids,
    impression_mask: y.mask,
    input: input.ids,
    target: target.ids,
    target_mask: target.mask,
    groups: groupRows(impressions),
  };
}
