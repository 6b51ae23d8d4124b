// Token ids of several studies as one padded batch.
import type { HostArray, TokenRow } from '@hybridmed/inputs';
import { padRows } from '@hybridmed/inputs';
import type { TextArrays } from './batch.ts';

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
