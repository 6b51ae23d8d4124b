// Pooling by attention: one learned query over the patches, and an MLP, as SigLIP's image towers have it.
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, layerNorm, linear } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { ViTConfig } from './config.ts';
import { mlp } from './mlp.ts';

/** Pooling of patches (B, N, width) -> (B, width), of those that `shown` (B, N) leaves. */
export interface AttentionPool {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, patches: Tensor, shown?: Tensor): Tensor;
}

/** h = W o(q, K, V); h + MLP(LN h), with the learned query q [Zhai et al. 2022; Zhai et al. 2023]. */
export function attentionPool({ width, heads, ffn = 4 * width, mlp: kind = 'gelu', epsilon = 1e-6 }: ViTConfig): AttentionPool {
  const parts = {
    q: linear({ inputs: width, outputs: width }),
    kv: linear({ inputs: width, outputs: 2 * width }),
    proj: linear({ inputs: width, outputs: width }),
    norm: layerNorm({ width, epsilon }),
    mlp: mlp({ width, inner: ffn, kind }),
  };
  return {
    parameters: collect(parts, { latent: { shape: [1, 1, width], init: { kind: 'normal', std: 0.02 }, decay: false } }),
    call(scope, patches, shown) {
      const run = (name: keyof typeof parts, x: Tensor) => parts[name].call(scope.child(name), x);
      const batch = patches.shape[0]!;
      const query = run('q', ops.broadcast(scope.get('latent'), [batch, 1, width]));
      const kv = run('kv', patches);
      const pooled = ops.attention(query, ops.narrow(kv, -1, 0, width), ops.narrow(kv, -1, width, width), { heads, ...(shown ? { mask: shown } : {}) });
      const h = run('proj', pooled);
      return ops.reshape(ops.add(h, run('mlp', run('norm', h))), [batch, width]);
    },
  };
}
