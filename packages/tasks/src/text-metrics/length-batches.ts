// Batches of texts of like length, so that little of a batch is padding.

const texts = 32;

/** Calls `visit` with the indices of some texts at a time, shortest first. */
export async function inLengthBatches(of: readonly string[], visit: (indices: readonly number[]) => Promise<void>): Promise<void> {
  const order = Array.from(of.keys()).toSorted((a, b) => of[a]!.length - of[b]!.length || a - b);
  for (let start = 0; start < order.length; start += texts) await visit(order.slice(start, start + texts));
}
