// A vision encoder in the layout of timm: config.json with the architecture and its arguments.
import { HybridmedError } from '@hybridmed/tensor';
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';

interface TimmModel {
  readonly architecture: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** timm takes activation, gates and epsilon from the architecture; sizes are its arguments. */
function vitArchitecture({ mlp, epsilon = 1e-6 }: ViTConfig): string {
  if (mlp === 'swiglu') return 'vit_giant_patch14_dinov2';
  if (mlp === 'quickGelu') return 'vit_base_patch16_clip_quickgelu_224';
  return epsilon === 1e-5 ? 'vit_base_patch16_clip_224' : 'vit_base_patch16_224';
}

function vitModel(config: ViTConfig): TimmModel {
  const { imageSize, patch, channels, width, depth, heads, ffn = 4 * width, mlp, pool = 'class', registers = 0 } = config;
  // timm's patch projection has a bias unless a norm follows it.
  if (config.preNorm && (config.patchBias ?? true)) throw new HybridmedError('save: timm has no ViT with both a pre-norm and a bias of the patch projection');
  const rows = mlp === 'swiglu' ? 2 * ffn : ffn;
  return {
    architecture: vitArchitecture(config),
    args: {
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
      global_pool: pool === 'class' ? 'token' : 'avg',
      fc_norm: pool === 'meanNormed',
    },
  };
}

function resnetModel({ channels, layers, channelsPerStage, stem = 64, block = 'bottleneck' }: ResNetConfig): TimmModel {
  if (stem !== 64 || layers.length !== 4) throw new HybridmedError('save: timm has ResNets of four stages after a stem of 64 channels; this one differs');
  return { architecture: block === 'basic' ? 'resnet18' : 'resnet50', args: { in_chans: channels, layers, channels: channelsPerStage } };
}

/** The config.json that timm's `local-dir:` and the hub read. Throws a HybridmedError for an encoder timm cannot express. */
export function timmConfig(config: ViTConfig | ResNetConfig): string {
  const { architecture, args } = config.kind === 'vit' ? vitModel(config) : resnetModel(config);
  const inputSize = [config.channels, config.imageSize, config.imageSize];
  const document = {
    architecture,
    num_classes: 0,
    // For this package: timm ignores it.
    ...(config.kind === 'vit' ? { layer_norm_eps: config.epsilon ?? 1e-6 } : {}),
    model_args: { ...args, num_classes: 0 },
    pretrained_cfg: {
      architecture,
      num_classes: 0,
      input_size: inputSize,
      mean: Array(config.channels).fill(0.5),
      std: Array(config.channels).fill(0.5),
      crop_pct: 1,
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Tensors timm needs that ours lacks: a bias of 0 where the patch projection has none. */
export function timmExtra(config: ViTConfig | ResNetConfig): Record<string, { data: Float32Array; shape: readonly number[] }> {
  if (config.kind !== 'vit' || (config.patchBias ?? true) || config.preNorm) return {};
  return { 'patch_embed.proj.bias': { data: new Float32Array(config.width), shape: [config.width] } };
}
