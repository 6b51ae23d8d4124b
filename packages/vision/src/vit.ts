// The vision transformer: pre-LN, learned positions, a class token, and what DINOv2 and CLIP add, under timm's parameter names.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, VisionEncoder, VisionFeatures } from '@hybridmed/nn';
import { collect, dropout, layerNorm, linear } from '@hybridmed/nn';
import type { Mlp } from './mlp.ts';
import { mlp } from './mlp.ts';

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
  /** Inner width of the MLP: 4 widths. */
  readonly ffn?: number;
  /** Kind of the MLP: erf GELU. */
  readonly mlp?: Mlp;
  /** Of every layer norm: 1e-6. */
  readonly epsilon?: number;
  /** Whether query, key and value have biases: true. */
  readonly qkvBias?: boolean;
  /** Whether the patch projection has a bias: true. CLIP has none. */
  readonly patchBias?: boolean;
  /** A layer norm before the first block, as CLIP has. */
  readonly preNorm?: boolean;
  /** A learned factor per channel on each residual branch (DINOv2). */
  readonly layerScale?: boolean;
  /** Number of register tokens [Darcet et al. 2024]; then neither they nor the class token have positions. */
  readonly registers?: number;
  /** What `global` is: the class token, or the mean of the patches; `meanNormed` norms that mean alone and not the tokens (timm's `fc_norm`). */
  readonly pool?: 'class' | 'mean' | 'meanNormed';
  /** Without a class token `global` is a mean: true. */
  readonly classToken?: boolean;
}

const defaultEpsilon = 1e-6;

/** Non-overlapping patches projected to tokens: (B, C, H, W) -> (B, N, width); weight (width, C, patch, patch). */
function patchEmbedding({ image, patch, channels, width, patchBias = true }: ViTConfig): Module {
  const side = image / patch;
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

interface Block {
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
function vitBlock(config: ViTConfig): Block {
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

/** The mean over tokens (B, N, width), of those that are shown (B, N): (B, width). */
function meanOfShown(tokens: Tensor, shown: Tensor | undefined): Tensor {
  if (!shown) return ops.mean(tokens, { axes: [1] });
  const kept = ops.reshape(shown, [...shown.shape, 1]);
  return ops.div(ops.sum(ops.mul(tokens, kept), { axes: [1] }), ops.maximum(ops.sum(kept, { axes: [1] }), 1e-6));
}

/** A ViT: images (B, C, H, W) -> N = (image / patch)^2 patch tokens (B, N, width) after the final LN, and the class token or the mean (B, width) [Dosovitskiy et al. 2021]. `importance` (B, N) of a class token: the last layer's head-mean attention from it. */
export function vit(config: ViTConfig): VisionEncoder {
  const { image, patch, channels, width, depth, epsilon = defaultEpsilon, registers = 0, pool = 'class', classToken = true } = config;
  if (image % patch !== 0 || width % config.heads !== 0)
    throw new RangeError(`vit: patch ${patch} must divide image ${image}, and heads ${config.heads} the width ${width}`);
  if (!classToken && pool === 'class') throw new RangeError('vit: without a class token "pool" must be a mean');
  const tokenCount = (image / patch) ** 2;
  const prefix = (classToken ? 1 : 0) + registers;
  const prefixHasPositions = classToken && registers === 0;
  const embed = patchEmbedding(config);
  const norm = layerNorm({ width, epsilon });
  const finalNorm = pool === 'meanNormed' ? 'fc_norm' : 'norm';
  const blocks = Array.from({ length: depth }, () => vitBlock(config));
  const classOf = (h: Tensor, batch: Dim) => ops.reshape(ops.narrow(h, 1, 0, 1), [batch, width]);
  const table = (rows: number) => ({ shape: [1, rows, width], init: { kind: 'normal', std: 0.02 }, decay: false }) as const;
  /** Features of images (B, C, H, W), of the patches that `shown` (B, N) leaves. */
  const run = (scope: Scope, x: Tensor, shown?: Tensor): VisionFeatures => {
    const batch: Dim = x.shape[0]!;
    const patches = embed.call(scope.child('patch_embed.proj'), x);
    const spread = (name: string, rows: number) => ops.broadcast(scope.get(name), [batch, rows, width]);
    const before = [...(classToken ? [spread('cls_token', 1)] : []), ...(registers > 0 ? [spread('reg_token', registers)] : [])];
    const positions = scope.get('pos_embed');
    const join = (rest: Tensor) => (before.length > 0 ? ops.concat([...before, rest], 1) : rest);
    const placed = prefixHasPositions ? ops.add(join(patches), positions) : join(ops.add(patches, positions));
    let h = dropout(scope, placed, config.dropout ?? 0, 'embed');
    if (config.preNorm) h = norm.call(scope.child('norm_pre'), h);
    const prefixShown = (of: Tensor) => (prefix > 0 ? ops.concat([ops.broadcast(ops.full(1, [1, 1]), [batch, prefix]), of], 1) : of);
    const mask = shown && prefixShown(shown);
    let final: ReturnType<Block['call']> | undefined;
    for (const [i, block] of blocks.entries()) {
      final = scope.layer(() => block.call(scope.child(`blocks.${i}`), h, mask));
      h = final.h;
    }
    const last = (value: Tensor) => norm.call(scope.child(finalNorm), value);
    const ofPatches = (value: Tensor) => (prefix > 0 ? ops.narrow(value, 1, prefix, tokenCount) : value);
    const meanOf = (tokens: Tensor) => meanOfShown(tokens, shown);
    if (pool === 'meanNormed') return { tokens: ofPatches(h), global: last(meanOf(ofPatches(h))) };
    const normed = last(h);
    const tokens = ofPatches(normed);
    if (pool === 'mean' || !final) return { tokens, global: pool === 'mean' ? meanOf(tokens) : classOf(normed, batch) };
    const seeing = { heads: config.heads, ...(mask ? { mask } : {}) };
    const weights = ops.attentionWeights(ops.stopGradient(ops.narrow(final.query, 1, 0, 1)), ops.stopGradient(final.key), seeing);
    return { tokens, global: classOf(normed, batch), importance: ofPatches(ops.reshape(ops.mean(weights, { axes: [1] }), [batch, prefix + tokenCount])) };
  };
  return {
    width,
    tokenCount,
    image: { size: image, channels },
    parameters: collect(
      {
        'patch_embed.proj': embed,
        ...(config.preNorm ? { norm_pre: norm } : {}),
        ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])),
        [finalNorm]: norm,
      },
      {
        ...(classToken ? { cls_token: table(1) } : {}),
        ...(registers > 0 ? { reg_token: table(registers) } : {}),
        pos_embed: table(tokenCount + (prefixHasPositions ? 1 : 0)),
      },
    ),
    call: (scope, x) => run(scope, x),
    partial: run,
  };
}
