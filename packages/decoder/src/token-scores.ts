// Scores of the vocabulary's tokens on the host: log probabilities, the best few, and all of them in order.

/** Logits or scores of a vocabulary. */
export type Scores = Float32Array | Float64Array;

/** Greatest value; -Infinity of none. */
function greatestOf(values: Scores): number {
  let greatest = -Infinity;
  for (let id = 0; id < values.length; id++) if (values[id]! > greatest) greatest = values[id]!;
  return greatest;
}

/** Logarithm of the sum of exponentials: what logits lack to log probabilities. */
export function logTotal(logits: Scores): number {
  const greatest = greatestOf(logits);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - greatest);
  return Math.log(sum) + greatest;
}

/** Index of the greatest value, the first of equals. */
export function argmax(values: Scores): number {
  let best = 0;
  for (let id = 1; id < values.length; id++) if (values[id]! > values[best]!) best = id;
  return best;
}

/** Indices of the k greatest values, greatest first, of equals the first. */
export function topIndices(values: Scores, k: number): number[] {
  const best: number[] = [];
  let least = -Infinity;
  for (let id = 0; id < values.length; id++) {
    const value = values[id]!;
    if (best.length === k && value <= least) continue;
    let at = best.length;
    while (at > 0 && value > values[best[at - 1]!]!) at--;
    best.splice(at, 0, id);
    if (best.length > k) best.pop();
    least = values[best.at(-1)!]!;
  }
  return best;
}

const radixBits = 11;
const buckets = 2 ** radixBits;

/** Indices of all values, greatest first, of equals the first: by radix where they are f32, of which tens of thousands are sorted for each token. */
export function descending(values: Scores): Uint32Array {
  const indices = Uint32Array.from({ length: values.length }, (_, id) => id);
  if (values instanceof Float64Array) return indices.toSorted((a, b) => values[b]! - values[a]! || a - b);
  const bits = new Int32Array(Float32Array.from(values, (value) => value + 0).buffer);
  // Negative numbers grow downwards in their bits; the least key is the greatest value.
  const keys = Uint32Array.from(bits, (own) => ~(own < 0 ? ~own : own | 0x8000_0000));
  let [from, to] = [indices, new Uint32Array(values.length)];
  for (let shift = 0; shift < 32; shift += radixBits) {
    const starts = new Uint32Array(buckets + 1);
    for (let id = 0; id < keys.length; id++) starts[((keys[id]! >>> shift) & (buckets - 1)) + 1]!++;
    for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1]! += starts[bucket]!;
    for (let i = 0; i < from.length; i++) to[starts[(keys[from[i]!]! >>> shift) & (buckets - 1)]!++] = from[i]!;
    [from, to] = [to, from];
  }
  return from;
}
