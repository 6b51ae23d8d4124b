// What a checkpoint's tensors do not tell: read from its architecture's name, said where it is convention, refused where it is neither.
import type { TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';
import { plainResNets } from '../src/resnet/weights.ts';
import { plainTransformer, plainTransformers } from '../src/vit/architectures.ts';
import { bareName } from '../src/weights/architecture-names.ts';

const shapesOf = (config: ViTConfig | ResNetConfig): TensorShapes =>
  Object.fromEntries(Object.entries(visionEncoder(config).parameters).map(([name, { shape }]) => [name, shape]));

const read = (shapes: TensorShapes, config?: unknown) => visionWeights(shapes, { config, configLabel: 'DIR/config.json', label: 'DIR' });
const refusal = (shapes: TensorShapes, config?: unknown): string => {
  try {
    read(shapes, config);
  } catch (error) {
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  return 'accepted';
};

const vit = (width: number, more: Partial<ViTConfig> = {}): TensorShapes =>
  shapesOf({ kind: 'vit', imageSize: 32, patch: 16, channels: 3, depth: 1, heads: 1, width, ...more });
const gap: Partial<ViTConfig> = { classToken: false, pool: 'mean' };
const resnet = (block: 'basic' | 'bottleneck'): TensorShapes =>
  shapesOf({ kind: 'resnet', imageSize: 64, channels: 3, layers: [1, 1, 1, 1], channelsPerStage: [64, 128, 256, 512], block });

describe('by the name of the architecture', () => {
  test.each<[string, number, Partial<ViTConfig>, Partial<ViTConfig>]>([
    ['vit_so400m_patch14_siglip_gap_224', 1152, { ...gap, ffn: 4304 }, { heads: 16, pool: 'mean' }],
    ['vit_base_patch16_gap_224', 768, gap, { heads: 16, pool: 'mean' }],
    ['vit_base_patch16_siglip_gap_224', 768, gap, { heads: 12, pool: 'mean' }],
    ['vit_base_patch16_reg4_gap_256', 768, { ...gap, pool: 'meanNormed', registers: 4 }, { heads: 12, pool: 'meanNormed', registers: 4 }],
    ['vit_small_patch14_reg4_dinov2', 384, { layerScale: true, registers: 4 }, { heads: 6, registers: 4 }],
    ['vit_giant_patch14_dinov2', 1536, { layerScale: true, mlp: 'swiglu', ffn: 4096 }, { heads: 24, mlp: 'swiglu' }],
    ['vit_huge_patch14_224.orig_in21k', 1280, {}, { heads: 16 }],
    ['hf_hub:timm/vit_tiny_patch16_224.augreg_in21k', 192, {}, { heads: 3 }],
    ['test_vit', 64, { ffn: 192 }, { heads: 2 }],
    ['vit_base_patch16_clip_224', 768, { preNorm: true, patchBias: false }, { heads: 12, epsilon: 1e-5 }],
    ['vit_base_patch16_clip_quickgelu_224', 768, { preNorm: true, patchBias: false }, { heads: 12, epsilon: 1e-5, mlp: 'quickGelu' }],
    ['deit3_medium_patch16_224', 512, { layerScale: true }, { heads: 8 }],
    ['vit_giantopt_patch16_siglip_gap_256', 1536, gap, { heads: 16, mlp: 'geluTanh', pool: 'mean' }],
    ['vit_base_patch16_siglip_224.v2_webli', 768, { classToken: false, pool: 'attention' }, { heads: 12, pool: 'attention' }],
    ['vit_so400m_patch16_siglip_256', 1152, { classToken: false, pool: 'attention', ffn: 4304 }, { heads: 16, mlp: 'geluTanh', pool: 'attention' }],
  ])('%s is read, and nothing is assumed', (architecture, width, tensors, expected) => {
    const { config, assumed } = read(vit(width, tensors), { architecture });
    expect(config).toMatchObject(expected);
    expect(assumed).toEqual([]);
  });

  test.each(['resnet18', 'resnet50.a1_in1k', 'tv_resnet101', 'gluon_resnet152_v1b'])('%s is plain', (architecture) => {
    expect(read(resnet('bottleneck'), { architecture }).assumed).toEqual([]);
  });

  // Names whose tensors are called and shaped as those of plain ones.
  test.each<[string, TensorShapes]>([
    ['vit_base_patch16_rpn_224', vit(768, { ...gap, layerScale: true, qkvBias: false })],
    ['deit_tiny_distilled_patch16_224', { ...vit(192), dist_token: [1, 1, 192] }],
    ['vit_pe_spatial_base_patch16_512', vit(768)],
    ['vit_dwee_patch16_reg1_gap_256', vit(256, { ...gap, registers: 1 })],
    ['resnetblur18', resnet('basic')],
    ['resnetblur50', resnet('bottleneck')],
    ['resnetaa50', resnet('bottleneck')],
    ['resnet50_gn', resnet('bottleneck')],
    ['constructor', resnet('basic')],
    ['__proto__', vit(192)],
  ])('%s is refused in one line that names it', (architecture, shapes) => {
    expect(refusal(shapes, { architecture })).toBe(
      `DIR/config.json: "architecture" is "${architecture}", which is not one that this loads: its norms, activation, attention or pooling may differ where tensors do not show it; if it computes what a plain one does, name that, such as ${architecture.includes('resnet') || architecture === 'constructor' ? '"resnet50"' : '"vit_base_patch16_224" with its own "num_heads" in "model_args"'}`,
    );
  });

  test('it may stand in the weights of their first training, or in open_clip', () => {
    expect(refusal(resnet('basic'), { pretrained_cfg: { architecture: 'resnetblur18' } })).toContain('"architecture" is "resnetblur18"');
    const trunk = Object.fromEntries(Object.entries(vit(768, gap)).map(([name, shape]) => [`visual.trunk.${name}`, shape]));
    const openClip = (timm: string) => ({ model_cfg: { vision_cfg: { timm_model_name: timm, timm_pool: 'avg' } } });
    expect(read(trunk, openClip('vit_base_patch16_gap_224')).config).toMatchObject({ heads: 16, pool: 'mean' });
    expect(refusal(trunk, openClip('vit_base_patch16_rpn_224'))).toContain('"vit_base_patch16_rpn_224"');
  });

  test('it may be wrapped by transformers', () => {
    const wrapped = Object.fromEntries(Object.entries(vit(768, gap)).map(([name, shape]) => [`timm_model.${name}`, shape]));
    const config = (architecture: string) => ({ model_type: 'timm_wrapper', architecture });
    expect(read(wrapped, config('vit_base_patch16_gap_224')).config).toMatchObject({ heads: 16, pool: 'mean' });
    expect(refusal(wrapped, config('vit_base_patch16_rpn_224'))).toContain('"vit_base_patch16_rpn_224"');
    expect(refusal(wrapped, { model_type: 'beit' })).toMatch(/"model_type" is "beit"; this loads vit, /);
  });

  test('a width of another architecture is refused; arguments that say so are followed', () => {
    expect(refusal(vit(192), { architecture: 'vit_base_patch16_224' })).toMatch(/"architecture" is "vit_base_patch16_224" of width 768, the tensors say 192/);
    expect(read(vit(192), { architecture: 'vit_base_patch16_224', model_args: { embed_dim: 192 } }).config).toMatchObject({ heads: 12 });
    expect(read(vit(192), { architecture: 'vit_base_patch16_224', model_args: { num_heads: 3 } }).config).toMatchObject({ heads: 3 });
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ block_fn: 'ResPostBlock' }, /"model_args": "block_fn" changes what the network computes/],
    [{ output_stride: 8 }, /"model_args": "output_stride" changes/],
    [{ act_layer: 'relu' }, /"model_args": "act_layer" is "relu"; this loads gelu, quick_gelu, gelu_tanh/],
    [{ global_pool: 'map' }, /"global_pool" is "map", and the tensors have no pooling by attention/],
    [{ global_pool: 'prr' }, /"global_pool" is "prr"; this loads token and avg and map/],
  ])('an argument that changes the computation is refused: %o', (args, message) => {
    expect(refusal(vit(192), { architecture: 'vit_tiny_patch16_224', model_args: args })).toMatch(message);
  });

  test('an argument that says what is so anyway is taken', () => {
    expect(read(vit(192), { architecture: 'vit_tiny_patch16_224', model_args: { pool_include_prefix: false, norm_layer: null } }).config).toMatchObject({
      heads: 3,
    });
    expect(read(vit(192), { architecture: 'vit_tiny_patch16_224', model_args: { act_layer: 'quick_gelu' } }).config).toMatchObject({ mlp: 'quickGelu' });
  });

  test('a pooling that the tensors contradict is refused', () => {
    expect(refusal(vit(192, gap), { architecture: 'vit_tiny_patch16_224' })).toMatch(/"global_pool" is "token", and the tensors have no class token/);
    const pooledNorm = vit(192, { pool: 'meanNormed' });
    expect(refusal(pooledNorm, { architecture: 'vit_tiny_patch16_224' })).toMatch(/"global_pool" is "token" with a norm after pooling/);
    expect(read(pooledNorm, { architecture: 'vit_tiny_patch16_224', global_pool: 'avg' }).config).toMatchObject({ pool: 'meanNormed' });
  });

  test('the table names each once; owner and tag are left away', () => {
    const plainNames = [...plainTransformers, ...plainResNets];
    expect(new Set(plainNames).size).toBe(plainNames.length);
    for (const name of plainNames) {
      expect(name).toMatch(/^[a-z0-9_]+$/);
      const facts = plainTransformer(name);
      expect(facts ? facts.width % facts.heads : plainResNets.has(name) ? 0 : 1).toBe(0);
    }
    expect(bareName('hf-hub:timm/resnet50.a1_in1k')).toBe('resnet50');
  });
});

describe('without a name', () => {
  test.each([
    [192, 3],
    [384, 6],
    [768, 12],
    [1024, 16],
  ])('a width of %i has %i heads by convention, which is said', (width, heads) => {
    const { config, assumed } = read(vit(width));
    expect(config).toMatchObject({ heads });
    expect(assumed).toEqual([
      `${heads} heads, as is usual of a width of ${width} (no "num_heads" and no "architecture" in a config)`,
      'GELU in blocks that norm first, as most vision transformers have (no "architecture" in a config)',
    ]);
  });

  test.each([64, 256, 1152, 1280, 1408, 1536])('a width of %i has no convention', (width) => {
    expect(refusal(vit(width))).toMatch(/^DIR\/config\.json: "num_heads" is missing, and the tensors do not tell/);
    expect(read(vit(width), { num_heads: 2 }).config).toMatchObject({ heads: 2 });
  });

  test('what a network without a class token, or with a distillation token, computes is asked for', () => {
    const distilled = { ...vit(192), dist_token: [1, 1, 192], pos_embed: [1, 6, 192] };
    expect(refusal(vit(768, gap))).toMatch(/^DIR\/config\.json: "global_pool" is missing, .* without a class token/);
    expect(refusal(distilled)).toMatch(/^DIR\/config\.json: "global_pool" is missing, .* with a distillation token/);
    expect(read(vit(768, gap), { global_pool: 'avg' }).config).toMatchObject({ pool: 'mean' });
    expect(read(distilled, { global_pool: 'token' }).config).toMatchObject({ registers: 1 });
  });

  test('the activation behind a norm before the blocks is asked for', () => {
    const tower = vit(768, { preNorm: true, patchBias: false });
    expect(refusal(tower)).toMatch(/^DIR\/config\.json: "act_layer" is missing/);
    expect(read(tower, { act_layer: 'quick_gelu' }).config).toMatchObject({ mlp: 'quickGelu', epsilon: 1e-5 });
    expect(read(tower, { act_layer: 'gelu' }).config).not.toHaveProperty('mlp');
  });

  test('a ResNet is taken as plain, which is said', () => {
    expect(read(resnet('basic')).assumed).toEqual([
      'a plain ResNet: ReLU, max pooling, nothing dilated and nothing against aliasing (no "architecture" in a config)',
    ]);
  });
});

describe('an MLP with gates', () => {
  const gates = vit(1536, { layerScale: true, mlp: 'swiglu', ffn: 4096 });

  test('is of SiLU, which is said where no name tells', () => {
    expect(read(gates)).toMatchObject({
      config: { heads: 24, mlp: 'swiglu' },
      assumed: [expect.stringMatching(/^24 heads/), expect.stringMatching(/^SwiGLU in blocks that norm first/)],
    });
    const named = { architecture: 'vit_giant_patch14_224', model_args: { embed_dim: 1536, num_heads: 24 } };
    expect(read(gates, named).assumed).toEqual(['gates of SiLU in its MLP, which "vit_giant_patch14_224" has not by itself']);
    expect(read(gates, { ...named, model_args: { ...named.model_args, act_layer: 'silu' } }).assumed).toEqual([]);
  });

  test('of another activation, or in the name alone, is refused', () => {
    expect(refusal(gates, { num_heads: 24, act_layer: 'gelu' })).toMatch(/"act_layer" is "gelu"; this loads silu, swish for an MLP with gates/);
    expect(refusal(vit(1536), { architecture: 'vit_giant_patch14_dinov2' })).toMatch(/whose MLP has gates; the tensors have none/);
  });
});

test('the dilated backbone of a segmentation network is refused', () => {
  const backbone = Object.fromEntries(Object.entries(resnet('bottleneck')).map(([name, shape]) => [`backbone.${name}`, shape]));
  for (const head of ['classifier.0.weight', 'aux_classifier.0.weight', 'classifier.0.convs.0.0.weight'])
    expect(refusal({ ...backbone, [head]: [512, 2048, 3, 3] })).toMatch(/^DIR: tensor ".+" is of a segmentation network, whose ResNet is dilated/);
  expect(read({ ...backbone, 'classifier.0.weight': [5, 2048] }).config.kind).toBe('resnet');
});

describe('a CLIP', () => {
  /** The names of OpenAI's and open_clip's vision tower. */
  const tower = (width: number): TensorShapes =>
    Object.fromEntries(
      Object.entries(vit(width, { preNorm: true, patchBias: false })).map(([name, shape]) => {
        const own = name
          .replace('cls_token', 'class_embedding')
          .replace('pos_embed', 'positional_embedding')
          .replace('patch_embed.proj', 'conv1')
          .replace('norm_pre', 'ln_pre')
          .replace(/^norm\./, 'ln_post.')
          .replace('blocks.', 'transformer.resblocks.')
          .replace(/norm(\d)/, 'ln_$1')
          .replace('attn.qkv.', 'attn.in_proj_')
          .replace('attn.proj', 'attn.out_proj')
          .replace('mlp.fc1', 'mlp.c_fc')
          .replace('mlp.fc2', 'mlp.c_proj');
        return [`visual.${own}`, name === 'cls_token' ? [width] : name === 'pos_embed' ? shape.slice(1) : shape];
      }),
    );

  test.each([256, 768])('of width %i and without a config is asked for its activation', (width) => {
    expect(refusal(tower(width))).toBe(
      'DIR/config.json: "quick_gelu" is missing, and the tensors do not tell the activation of a CLIP; write {"quick_gelu": true} for QuickGELU, as OpenAI\'s have, or false for GELU',
    );
  });

  test('takes what is written, and says the heads that are not', () => {
    const { config, assumed } = read(tower(768), { quick_gelu: true });
    expect(config).toMatchObject({ heads: 12, mlp: 'quickGelu', epsilon: 1e-5 });
    expect(assumed).toEqual(['12 heads, as is usual of a CLIP of width 768 (no "vision_cfg" and no "heads" in a config)']);
    expect(read(tower(768), { quick_gelu: false }).config).not.toHaveProperty('mlp');
    expect(refusal(tower(256), { quick_gelu: true })).toMatch(/"heads" is missing, and the tensors do not tell/);
    expect(read(tower(256), { quick_gelu: true, heads: 4 })).toMatchObject({ config: { heads: 4 }, assumed: [] });
  });

  test("with open_clip's config is as open_clip makes it: heads of 64, GELU", () => {
    expect(read(tower(1280), { vision_cfg: { width: 1280 } })).toMatchObject({ config: { heads: 20 }, assumed: [] });
    expect(read(tower(1280), { model_cfg: { quick_gelu: true, vision_cfg: { head_width: 80 } } }).config).toMatchObject({ heads: 16, mlp: 'quickGelu' });
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ pool_type: 'none' }, /"pool_type" is "none"; this loads tok and avg/],
    [{ act_kwargs: { approximate: 'tanh' } }, /"vision_cfg": "act_kwargs" changes what the network computes/],
    [{ input_patchnorm: true }, /"vision_cfg": "input_patchnorm" changes/],
  ])('whose config changes the tower is refused: %o', (vision_cfg, message) => {
    expect(refusal(tower(768), { vision_cfg })).toMatch(message);
  });
});
