// Multi-head attention with separate q, k, v and out projections, where keys and values may come from a memory of another width.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, linear } from '@hybridmed/nn';

/** Keys and values of a memory, each (B, S, width). */
export interface KeyValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** An attention layer in two halves, so that keys and values can be computed once and kept. */
export interface AttentionLayer {
  readonly parameters: ParameterSpecs;
  /** Projects a memory (B, S, memory width). */
  project(scope: Scope, memory: Tensor): KeyValues;
  /** Attends from x (B, T, width): (B, T, width). `mask` (B, S) is 1 for keys that may be seen. */
  attend(scope: Scope, x: Tensor, keyValues: KeyValues, options?: { causal?: boolean; mask?: Tensor | undefined }): Tensor;
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
    attend(scope, x, { keys, values }, { causal = false, mask } = {}) {
      const mixed = ops.attention(q.call(scope.child('q'), x), keys, values, { heads, causal, ...(mask ? { mask } : {}) });
      return out.call(scope.child('out'), mixed);
    },
    weights: (scope, x, { keys }, mask) => ops.attentionWeights(q.call(scope.child('q'), x), keys, { heads, ...(mask ? { mask } : {}) }),
  };
}
