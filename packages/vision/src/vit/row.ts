// The row of vision transformers.
import { count, flag, oneOf, optional, positive, rate } from '@hybridmed/nn/rules';
import { HybridmedError } from '@hybridmed/tensor';
import type { EncoderRow, PublishedForm } from '../encoder-row.ts';
import { firstChannels, imageRules } from '../image-input.ts';
import { timmForm } from '../weights/timm-config.ts';
import type { ViTConfig } from './config.ts';
import { findTransformers } from './tensor-names.ts';
import { vit } from './vit.ts';
import { readViT } from './weights.ts';

/** timm takes activation, gates and epsilon from the architecture; sizes are its arguments. */
function vitArchitecture({ mlp, epsilon = 1e-6 }: ViTConfig): string {
  if (mlp === 'swiglu') return 'vit_giant_patch14_dinov2';
  if (mlp === 'geluTanh') return 'vit_base_patch32_siglip_256';
  if (mlp === 'quickGelu') return 'vit_base_patch16_clip_quickgelu_224';
  return epsilon === 1e-5 ? 'vit_base_patch16_clip_224' : 'vit_base_patch16_224';
}

/** A ViT for timm. Throws a HybridmedError for one that timm cannot express. */
function publishViT(config: ViTConfig): PublishedForm {
  const { imageSize, patch, width, depth, heads, ffn = 4 * width, mlp, pool = 'class', registers = 0 } = config;
  // timm's patch projection has a bias unless a norm follows it.
  if (config.preNorm && (config.patchBias ?? true)) throw new HybridmedError('save: timm has no ViT with both a pre-norm and a bias of the patch projection');
  const rows = mlp === 'swiglu' ? 2 * ffn : ffn;
  const channels = firstChannels(config);
  const args = {
    img_size: imageSize,
    patch_size: patch,
    in_chans: channels,
    embed_dim: width,
    depth,
    num_heads: heads,
    // Between two whole numbers of rows, so that rounding down gives this one.
    mlp_ratio: (rows + 0.5) / width,
    qkv_bias: config.qkvBias ?? true,
    init_values: config.layerScale ? 1e-5 : null,
    class_token: config.classToken ?? true,
    reg_tokens: registers,
    no_embed_class: registers > 0,
    pre_norm: config.preNorm ?? false,
    global_pool: pool === 'class' ? 'token' : pool === 'attention' ? 'map' : 'avg',
    fc_norm: pool === 'meanNormed',
  };
  // timm's own has a bias of the patch projection; of 0 where this one has none.
  const extra: PublishedForm['extra'] =
    (config.patchBias ?? true) || config.preNorm ? {} : { 'patch_embed.proj.bias': { data: new Float32Array(width), shape: [width] } };
  // For this package: timm ignores it.
  const more = { layer_norm_eps: config.epsilon ?? 1e-6 };
  return { ...timmForm(vitArchitecture(config), args, { ...config, channels }, more), extra };
}

/** ViT under timm's names. */
export const vitRow: EncoderRow<ViTConfig> = {
  published: 'ViTs of transformers, timm, torchvision and open_clip',
  rules: {
    kind: oneOf('vit'),
    ...imageRules,
    patch: count(1024),
    width: count(16_384),
    depth: count(256),
    heads: count(256),
    dropout: optional(rate),
    ffn: optional(count(2 ** 17)),
    mlp: optional(oneOf('gelu', 'quickGelu', 'geluTanh', 'swiglu')),
    epsilon: optional(positive(1)),
    qkvBias: optional(flag),
    patchBias: optional(flag),
    preNorm: optional(flag),
    layerScale: optional(flag),
    registers: optional(count(1024, 0)),
    pool: optional(oneOf('class', 'mean', 'meanNormed', 'attention')),
    classToken: optional(flag),
  },
  relations: (config) => [
    ['heads', config.width % config.heads === 0, `a divisor of "width", ${config.width}`],
    ['patch', config.imageSize % config.patch === 0, `a divisor of "imageSize", ${config.imageSize}`],
  ],
  build: vit,
  find: (names) => findTransformers(names).map(({ prefix }) => prefix),
  read: readViT,
  publish: publishViT,
};
