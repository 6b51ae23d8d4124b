// The vision transformer: pre-LN, learned positions, a class token, under timm's parameter names.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, VisionEncoder } from '@hybridmed/nn';
import { collect, dropout, layerNorm, linear } from '@hybridmed/nn';

/** Sizes of a ViT. `image` and `patch` are sides in pixels. */
export interface ViTConfig {
  readonly kind: 'vit';
  readonly image: number;
  readonly patch: number;
  readonly channels: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Rate on hidden states; attention probabilities are never dropped. */
  readonly dropout?: number;
}

const epsilon = 1e-6;

/** Non-overlapping patches projected to tokens: (B, C, H, W) -> (B, N, width); weight (width, C, patch, patch). */
function patchEmbedding({ image, patch, channels, width }: ViTConfig): Module {
  const side = image / patch;
  const patchSize = channels * patch * patch;
  return {
    parameters: { weight: { shape: [width, channels, patch, patch], init: { kind: 'fanIn' } }, bias: { shape: [width], init: { kind: 'constant', value: 0 } } },
    call(scope, x) {
      const batch = x.shape[0]!;
      const grid = ops.reshape(x, [batch, channels, side, patch, side, patch]);
      const patches = ops.reshape(ops.transpose(grid, [0, 2, 4, 1, 3, 5]), [batch, side * side, patchSize]);
      return ops.add(ops.matmul(patches, ops.reshape(scope.get('weight'), [width, patchSize]), { transposeB: true }), scope.get('bias'));
    },
  };
}

interface Block {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, h: Tensor): Tensor;
}

/** h += attention(LN h); h += MLP(LN h), the MLP 4 times as wide with erf GELU. */
function vitBlock({ width, heads, dropout: rate = 0 }: ViTConfig): Block {
  const parts = {
    norm1: layerNorm({ width, epsilon }),
    'attn.qkv': linear({ inputs: width, outputs: 3 * width }),
    'attn.proj': linear({ inputs: width, outputs: width }),
    norm2: layerNorm({ width, epsilon }),
    'mlp.fc1': linear({ inputs: width, outputs: 4 * width }),
    'mlp.fc2': linear({ inputs: 4 * width, outputs: width }),
  };
  return {
    parameters: collect(parts),
    call(scope, h) {
      const run = (name: keyof typeof parts, x: Tensor) => parts[name].call(scope.child(name), x);
      const qkv = run('attn.qkv', run('norm1', h));
      const [q, k, v] = [0, 1, 2].map((i) => ops.narrow(qkv, -1, i * width, width)) as [Tensor, Tensor, Tensor];
      const attended = ops.add(h, dropout(scope, run('attn.proj', ops.attention(q, k, v, { heads })), rate, 'attn'));
      return ops.add(attended, dropout(scope, run('mlp.fc2', ops.gelu(run('mlp.fc1', run('norm2', attended)))), rate, 'mlp'));
    },
  };
}

/** A ViT: images (B, C, H, W) -> N = (image / patch)^2 patch tokens (B, N, width) after the final LN, and the class token (B, width) [Dosovitskiy et al. 2021]. */
export function vit(config: ViTConfig): VisionEncoder {
  const { image, patch, channels, width, depth } = config;
  if (image % patch !== 0 || width % config.heads !== 0)
    throw new RangeError(`vit: patch ${patch} must divide image ${image}, and heads ${config.heads} the width ${width}`);
  const tokenCount = (image / patch) ** 2;
  const embed = patchEmbedding(config);
  const norm = layerNorm({ width, epsilon });
  const blocks = Array.from({ length: depth }, () => vitBlock(config));
  const table = (rows: number) => ({ shape: [1, rows, width], init: { kind: 'normal', std: 0.02 }, decay: false }) as const;
  return {
    width,
    tokenCount,
    image: { size: image, channels },
    parameters: collect(
      { 'patch_embed.proj': embed, ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])), norm },
      { cls_token: table(1), pos_embed: table(tokenCount + 1) },
    ),
    call(scope, x) {
      const batch: Dim = x.shape[0]!;
      const patches = embed.call(scope.child('patch_embed.proj'), x);
      const tokens = ops.concat([ops.broadcast(scope.get('cls_token'), [batch, 1, width]), patches], 1);
      let h = dropout(scope, ops.add(tokens, scope.get('pos_embed')), config.dropout ?? 0, 'embed');
      blocks.forEach((block, i) => (h = scope.layer(() => block.call(scope.child(`blocks.${i}`), h))));
      const normed = norm.call(scope.child('norm'), h);
      return { tokens: ops.narrow(normed, 1, 1, tokenCount), global: ops.reshape(ops.narrow(normed, 1, 0, 1), [batch, width]) };
    },
  };
}
