// Layers of a vision transformer: the projection of patches, and its blocks.
import type { Module, ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, layerNorm, linear } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { firstChannels } from '../image-input.ts';
import { mlp } from './mlp.ts';
import type { ViTConfig } from './config.ts';

export const defaultEpsilon = 1e-6;

/** Non-overlapping patches projected to tokens: (B, C, H, W) -> (B, N, width); weight (width, C, patch, patch). */
export function patchEmbedding(config: ViTConfig): Module {
  const { imageSize, patch, width, patchBias = true } = config;
  const channels = firstChannels(config);
  const side = imageSize / patch;
  const patchSize = channels * patch * patch;
  return {
    parameters: {
      weight: { shape: [width, channels, patch, patch], init: { kind: 'fanIn' } },
      ...(patchBias ? { bias: { shape: [width], init: { kind: 'constant', value: 0 } } as const } : {}),
    },
    call(scope, x) {
      const batch = x.shape[0]!;
      const grid = ops.reshape(x, [batch, channels, side, patch, side, patch]);
      const patches = ops.reshape(ops.transpose(grid, [0, 2, 4, 1, 3, 5]), [batch, side * side, patchSize]);
      const projected = ops.matmul(patches, ops.reshape(scope.get('weight'), [width, patchSize]), { transposeB: true });
      return patchBias ? ops.add(projected, scope.get('bias')) : projected;
    },
  };
}

/** A block of a ViT. */
export interface ViTBlock {
  readonly parameters: ParameterSpecs;
  /** (B, T, width) -> (B, T, width), with the queries and keys it used. `mask` (B, T) is 1 for tokens that are seen. */
  call(scope: Scope, h: Tensor, mask?: Tensor): { h: Tensor; query: Tensor; key: Tensor };
}

/** A learned factor per channel, from 1e-5 on as in DINOv2 [Touvron et al. 2021, CaiT]. */
function layerScale(width: number): Module {
  return {
    parameters: { gamma: { shape: [width], init: { kind: 'constant', value: 1e-5 } } },
    call: (scope, x) => ops.mul(x, scope.get('gamma')),
  };
}

/** h += attention(LN h); h += MLP(LN h), each scaled where the configuration says so. */
export function vitBlock(config: ViTConfig): ViTBlock {
  const { width, heads, dropout: rate = 0, epsilon = defaultEpsilon } = config;
  const parts = {
    norm1: layerNorm({ width, epsilon }),
    'attn.qkv': linear({ inputs: width, outputs: 3 * width, bias: config.qkvBias ?? true }),
    'attn.proj': linear({ inputs: width, outputs: width }),
    norm2: layerNorm({ width, epsilon }),
    mlp: mlp({ width, inner: config.ffn ?? 4 * width, kind: config.mlp ?? 'gelu' }),
    ...(config.layerScale ? { ls1: layerScale(width), ls2: layerScale(width) } : {}),
  };
  return {
    parameters: collect(parts),
    call(scope, h, mask) {
      const run = (name: keyof typeof parts, x: Tensor) => parts[name]!.call(scope.child(name), x);
      const scaled = (name: 'ls1' | 'ls2', x: Tensor) => (config.layerScale ? run(name, x) : x);
      const qkv = run('attn.qkv', run('norm1', h));
      const [q, k, v] = [0, 1, 2].map((i) => ops.narrow(qkv, -1, i * width, width)) as [Tensor, Tensor, Tensor];
      const attended = ops.add(h, dropout(scope, scaled('ls1', run('attn.proj', ops.attention(q, k, v, { heads, ...(mask ? { mask } : {}) }))), rate, 'attn'));
      return { h: ops.add(attended, dropout(scope, scaled('ls2', run('mlp', run('norm2', attended))), rate, 'mlp')), query: q, key: k };
    },
  };
}
