// Multi-head attention with separate q, k, v and out projections, where keys and values may come from a memory of another width.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { dimProduct, ops } from '@hybridmed/tensor';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, linear } from '@hybridmed/nn';

/** Keys and values of a memory, each (B, S, width). */
export interface KeyValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** How a step of decoding attends to keys and values (N, heads, S, width / heads) that are kept head by head, so that no step has to lay them out anew. */
export interface ByHead {
  /** Whether each of the T queries of x (B, T, width) has rows of its own, N = B * T, or all T share those of their batch, N = B. */
  readonly own: boolean;
  /** What is added to the scores, broadcast to (N, heads, queries, S): far below 0 for keys that may not be seen. */
  readonly bias?: Tensor | undefined;
}

/** An attention layer in two halves, so that keys and values can be computed once and kept. */
export interface AttentionLayer {
  readonly parameters: ParameterSpecs;
  /** Projects a memory (B, S, memory width). */
  project(scope: Scope, memory: Tensor): KeyValues;
  /** Attends from x (B, T, width): (B, T, width). `mask` (B, S) is 1 for keys that may be seen. */
  attend(scope: Scope, x: Tensor, keyValues: KeyValues, options?: { causal?: boolean; mask?: Tensor | undefined; byHead?: ByHead | undefined }): Tensor;
  /** The probabilities by which `attend` mixes the values of a memory: (B, heads, T, S). */
  weights(scope: Scope, x: Tensor, keyValues: KeyValues, mask?: Tensor): Tensor;
}

/** Attention of `width` with `heads` heads over a memory of `memory` features. */
export function attentionLayer({ width, heads, memory = width }: { width: number; heads: number; memory?: number }): AttentionLayer {
  const q = linear({ inputs: width, outputs: width });
  const k = linear({ inputs: memory, outputs: width });
  const v = linear({ inputs: memory, outputs: width });
  const out = linear({ inputs: width, outputs: width });
  return {
    parameters: collect({ q, k, v, out }),
    project: (scope, x) => ({ keys: k.call(scope.child('k'), x), values: v.call(scope.child('v'), x) }),
    attend(scope, x, { keys, values }, { causal = false, mask, byHead } = {}) {
      const queries = q.call(scope.child('q'), x);
      const mixed = byHead
        ? attendByHead(queries, { keys, values }, heads, byHead)
        : ops.attention(queries, keys, values, { heads, causal, ...(mask ? { mask } : {}) });
      return out.call(scope.child('out'), mixed);
    },
    weights: (scope, x, { keys }, mask) => ops.attentionWeights(q.call(scope.child('q'), x), keys, { heads, ...(mask ? { mask } : {}) }),
  };
}

/** (B, S, width) -> (B, heads, S, width / heads) */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [b, s, width] = x.shape as [Dim, Dim, number];
  const size = width / heads;
  return s === 1 ? ops.reshape(x, [b, heads, 1, size]) : ops.transpose(ops.reshape(x, [b, s, heads, size]), [0, 2, 1, 3]);
}

function attendByHead(queries: Tensor, { keys, values }: KeyValues, heads: number, { own, bias }: ByHead): Tensor {
  const [b, t, width] = queries.shape as [Dim, Dim, number];
  const rows = splitHeads(own ? ops.reshape(queries, [dimProduct([b, t]), 1, width]) : queries, heads);
  const scores = ops.mul(ops.matmul(rows, keys, { transposeB: true }), 1 / Math.sqrt(width / heads));
  const mixed = ops.matmul(ops.softmax(bias ? ops.add(scores, bias) : scores), values);
  return ops.reshape(own ? mixed : ops.transpose(mixed, [0, 2, 1, 3]), [b, t, width]);
}
