// The vision transformer: pre-LN, learned positions, a class token, and what DINOv2 and CLIP add, under timm's parameter names.
import type { Module, Scope, VisionChain, VisionEncoder, VisionFeatures } from '@hybridmed/nn';
import { collect, dropout, layerNorm } from '@hybridmed/nn';
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { callChain } from '../chain.ts';
import { normalizedImage } from '../image-input.ts';
import type { AttentionPool } from './attention-pool.ts';
import { attentionPool } from './attention-pool.ts';
import type { ViTConfig } from './config.ts';
import type { ViTBlock } from './layers.ts';
import { defaultEpsilon, patchEmbedding, vitBlock } from './layers.ts';

/** The layers of a ViT, and how its tokens are laid out: a prefix (class token, registers), then the patches. */
interface ViTLayers {
  readonly config: ViTConfig;
  readonly tokenCount: number;
  readonly prefix: number;
  readonly prefixHasPositions: boolean;
  readonly embed: Module;
  readonly norm: Module;
  readonly finalNorm: 'norm' | 'fc_norm';
  readonly blocks: readonly ViTBlock[];
  /** Where the configuration pools by attention. */
  readonly pooling: AttentionPool | undefined;
}

/** Throws a RangeError for sizes that do not fit. */
function layersOf(config: ViTConfig): ViTLayers {
  const { imageSize, patch, width, depth, heads, epsilon = defaultEpsilon, registers = 0, pool = 'class', classToken = true } = config;
  if (imageSize % patch !== 0 || width % heads !== 0)
    throw new RangeError(`vit: patch ${patch} must divide imageSize ${imageSize}, and heads ${heads} the width ${width}`);
  if (!classToken && pool === 'class') throw new RangeError('vit: without a class token "pool" must be a mean or attention');
  return {
    config,
    tokenCount: (imageSize / patch) ** 2,
    prefix: (classToken ? 1 : 0) + registers,
    prefixHasPositions: classToken && registers === 0,
    embed: patchEmbedding(config),
    norm: layerNorm({ width, epsilon }),
    finalNorm: pool === 'meanNormed' ? 'fc_norm' : 'norm',
    blocks: Array.from({ length: depth }, () => vitBlock(config)),
    pooling: pool === 'attention' ? attentionPool(config) : undefined,
  };
}

/** Images (B, C, H, W) -> the prefix and the patches with their positions (B, prefix + N, width). */
function embedImages({ config, prefixHasPositions, embed, norm }: ViTLayers, scope: Scope, x: Tensor): Tensor {
  const { width, registers = 0, classToken = true } = config;
  const patches = embed.call(scope.child('patch_embed.proj'), normalizedImage(x, config));
  const repeated = (name: string, rows: number) => ops.broadcast(scope.get(name), [x.shape[0]!, rows, width]);
  const before = [...(classToken ? [repeated('cls_token', 1)] : []), ...(registers > 0 ? [repeated('reg_token', registers)] : [])];
  const positions = scope.get('pos_embed');
  const join = (rest: Tensor) => (before.length > 0 ? ops.concat([...before, rest], 1) : rest);
  const placed = prefixHasPositions ? ops.add(join(patches), positions) : join(ops.add(patches, positions));
  const h = dropout(scope, placed, config.dropout ?? 0, 'embed');
  return config.preNorm ? norm.call(scope.child('norm_pre'), h) : h;
}

/** Which tokens may be attended to, of the prefix and of the patches that are shown (B, N). */
function maskOf({ prefix }: ViTLayers, batch: Dim, shown: Tensor | undefined): Tensor | undefined {
  return shown && prefix > 0 ? ops.concat([ops.broadcast(ops.full(1, [1, 1]), [batch, prefix]), shown], 1) : shown;
}

/** The mean over tokens (B, N, width), of those that are shown (B, N): (B, width). */
function meanOfShown(tokens: Tensor, shown: Tensor | undefined): Tensor {
  if (!shown) return ops.mean(tokens, { axes: [1] });
  const weights = ops.reshape(shown, [...shown.shape, 1]);
  return ops.div(ops.sum(ops.mul(tokens, weights), { axes: [1] }), ops.maximum(ops.sum(weights, { axes: [1] }), 1e-6));
}

/** Features of the blocks' result (B, prefix + N, width): tokens after the final norm, and one vector of the image as the configuration pools it. */
function featuresOf(
  { config, tokenCount, prefix, norm, finalNorm, pooling }: ViTLayers,
  scope: Scope,
  h: Tensor,
  last: LastBlock | undefined,
  shown?: Tensor,
): VisionFeatures {
  const { pool = 'class', width, heads } = config;
  const batch = h.shape[0]!;
  const normed = (value: Tensor) => norm.call(scope.child(finalNorm), value);
  const ofPatches = (value: Tensor) => (prefix > 0 ? ops.narrow(value, 1, prefix, tokenCount) : value);
  if (pool === 'meanNormed') return { tokens: ofPatches(h), global: normed(meanOfShown(ofPatches(h), shown)) };
  const all = normed(h);
  const tokens = ofPatches(all);
  if (pooling) return { tokens, global: pooling.call(scope.child('attn_pool'), tokens, shown) };
  if (pool === 'mean') return { tokens, global: meanOfShown(tokens, shown) };
  const classOf = (value: Tensor) => ops.reshape(ops.narrow(value, 1, 0, 1), [batch, width]);
  if (!last) return { tokens, global: classOf(all) };
  const { query, key, mask } = last;
  const weights = ops.attentionWeights(ops.stopGradient(ops.narrow(query, 1, 0, 1)), ops.stopGradient(key), { heads, ...(mask ? { mask } : {}) });
  return { tokens, global: classOf(all), importance: ofPatches(ops.reshape(ops.mean(weights, { axes: [1] }), [batch, prefix + tokenCount])) };
}

/** Queries and keys of the last block, and its mask. */
type LastBlock = Pick<ReturnType<ViTBlock['call']>, 'query' | 'key'> & { readonly mask: Tensor | undefined };

/** A ViT: images (B, C, H, W) -> N = (imageSize / patch)^2 patch tokens (B, N, width) after the final LN, and the class token, the mean or what attention pools (B, width) [Dosovitskiy et al. 2021]. `importance` (B, N) of a class token: the last layer's head-mean attention from it. */
export function vit(config: ViTConfig): VisionEncoder {
  const layers = layersOf(config);
  const { tokenCount, prefixHasPositions, embed, norm, finalNorm, blocks, pooling } = layers;
  const { imageSize, channels, width, registers = 0, classToken = true } = config;
  /** Features of images (B, C, H, W), of the patches that `shown` (B, N) leaves. */
  const run = (scope: Scope, x: Tensor, shown?: Tensor): VisionFeatures => {
    let h = embedImages(layers, scope, x);
    const mask = maskOf(layers, x.shape[0]!, shown);
    for (const i of blocks.keys()) if (i < blocks.length - 1) h = runBlock(i, scope, h, mask).h;
    return finish(scope, h, mask, shown);
  };
  const runBlock = (i: number, scope: Scope, h: Tensor, mask?: Tensor) => scope.layer(() => blocks[i]!.call(scope.child(`blocks.${i}`), h, mask));
  /** The last block, whose queries and keys give an importance, and the features of its result. */
  const finish = (scope: Scope, before: Tensor, mask?: Tensor, shown?: Tensor): VisionFeatures => {
    if (blocks.length === 0) return featuresOf(layers, scope, before, undefined, shown);
    const { h, query, key } = runBlock(blocks.length - 1, scope, before, mask);
    return featuresOf(layers, scope, h, { query, key, mask }, shown);
  };
  const table = (rows: number) => ({ shape: [1, rows, width], init: { kind: 'normal', std: 0.02 }, decay: false }) as const;
  const tables = {
    ...(classToken ? { cls_token: table(1) } : {}),
    ...(registers > 0 ? { reg_token: table(registers) } : {}),
    pos_embed: table(tokenCount + (prefixHasPositions ? 1 : 0)),
  };
  const embedding = { 'patch_embed.proj': embed, ...(config.preNorm ? { norm_pre: norm } : {}) };
  const chain: VisionChain = {
    layers: [
      { name: 'embedding', parameters: collect(embedding, tables), call: (scope, x) => embedImages(layers, scope, x) },
      ...blocks.slice(0, -1).map((block, i) => {
        const name = `blocks.${i}`;
        return { name, parameters: collect({ [name]: block }), call: (scope: Scope, h: Tensor) => runBlock(i, scope, h).h };
      }),
    ],
    features: (scope, h) => finish(scope, h),
  };
  return {
    width,
    tokenCount,
    image: { size: imageSize, channels },
    parameters: collect(
      {
        ...embedding,
        ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])),
        [finalNorm]: norm,
        ...(pooling ? { attn_pool: pooling } : {}),
      },
      tables,
    ),
    chain,
    call: callChain(chain),
    partial: run,
  };
}
