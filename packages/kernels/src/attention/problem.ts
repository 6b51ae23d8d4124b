// What attention is, in either pass, and the names of the rows that it reads and writes.

/** Rows of vectors that attention reads and writes, by the names they have in its shaders: o and g are out and its gradient. */
export type AttentionRows = 'q' | 'k' | 'v' | 'o' | 'g' | 'dq' | 'dk' | 'dv';

/**
 * q (B, T, D), k and v (B, S, D), heads inside D; a mask (B, S) where `masked`. Forward: -> out (B, T, D), log-sum-exp (B, heads, T).
 * Gradient: q, k, v, out, log-sum-exp, dout, mask -> dq, dk, dv.
 */
export interface AttentionProblem {
  readonly of: 'forward' | 'gradient';
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly masked: boolean;
  /** Rows that are stored as f16; scores, sums and statistics are f32 whatever is stored. */
  readonly half?: readonly AttentionRows[];
}
