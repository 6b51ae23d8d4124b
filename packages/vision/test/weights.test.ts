import type { HostArray } from '@hybridmed/tensor';
import { initialize } from '@hybridmed/nn';
import { WeightsError } from '@hybridmed/nn/weights';
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';
import type { Arrays } from '../../nn/test/support/checkpoints.ts';
import { expectRefusal, expectRobust, loadCheckpoint, renamed, shapesOf, without } from '../../nn/test/support/checkpoints.ts';

const config: ViTConfig = { kind: 'vit', imageSize: 12, patch: 4, channels: 3, width: 8, depth: 2, heads: 2, ffn: 12 };
const parameters = (of: ViTConfig | ResNetConfig): Arrays => initialize(visionEncoder(of).parameters, 1);
const own = parameters(config);
const timm = { num_heads: 2 };

type Options = Partial<Parameters<typeof visionWeights>[1]>;

/** Loads arrays as a checkpoint would be. */
const load = (arrays: Arrays, options: Options = {}) =>
  loadCheckpoint(
    arrays,
    (shapes) => visionWeights(shapes, { config: timm, label: 'DIR', ...options }),
    (of) => visionEncoder(of).parameters,
  );

describe('names', () => {
  test.each(['', 'module.', 'model.vision.', 'student.backbone.'])('timm under the prefix "%s"; heads are left over', async (prefix) => {
    const {
      config: read,
      loaded,
      table,
    } = await load({ ...renamed(own, (name) => prefix + name), [`${prefix}head.weight`]: own['cls_token']!, 'text.x': own['norm.bias']! });
    expect(read).toEqual(config);
    expect(loaded).toEqual(own);
    expect(table.filter(({ status }) => status === 'left over').map(({ tensor }) => tensor)).toEqual([`${prefix}head.weight`, 'text.x'].toSorted());
  });

  test('transformers, query, key and value in tensors of their own', async () => {
    const rows = (name: string, part: number): HostArray => {
      const { data, shape } = own[name]!;
      const size = data.length / 3;
      return { data: data.slice(part * size, (part + 1) * size), shape: [shape[0]! / 3, ...shape.slice(1)] };
    };
    const arrays: Arrays = renamed(own, (name) => {
      if (name.includes('attn.qkv')) return undefined;
      return `vit.${name}`
        .replace('vit.cls_token', 'vit.embeddings.cls_token')
        .replace('vit.pos_embed', 'vit.embeddings.position_embeddings')
        .replace('patch_embed.proj', 'embeddings.patch_embeddings.projection')
        .replace('vit.norm.', 'vit.layernorm.')
        .replace('vit.blocks.', 'vit.encoder.layer.')
        .replace('norm1', 'layernorm_before')
        .replace('norm2', 'layernorm_after')
        .replace('attn.proj', 'attention.output.dense')
        .replace('mlp.fc1', 'intermediate.dense')
        .replace('mlp.fc2', 'output.dense');
    });
    for (const block of [0, 1])
      for (const leaf of ['weight', 'bias'])
        (['query', 'key', 'value'] as const).forEach((kind, part) => {
          arrays[`vit.encoder.layer.${block}.attention.attention.${kind}.${leaf}`] = rows(`blocks.${block}.attn.qkv.${leaf}`, part);
        });
    const json = {
      model_type: 'vit',
      hidden_size: 8,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      patch_size: 4,
      image_size: 12,
      intermediate_size: 12,
      hidden_act: 'gelu',
    };
    const { loaded, table, config: read } = await load(arrays, { config: json });
    expect(loaded).toEqual(own);
    expect(read).toEqual({ ...config, epsilon: 1e-12 });
    expect(table.filter(({ note }) => note === '3 joined')).toHaveLength(12);
  });

  test('a ResNet with basic blocks, counters left over', async () => {
    const resnet: ResNetConfig = { kind: 'resnet', imageSize: 64, channels: 3, layers: [2, 1], channelsPerStage: [4, 6], stem: 4, block: 'basic' };
    const arrays = {
      ...renamed(parameters(resnet), (name) => `backbone.${name}`),
      'backbone.bn1.num_batches_tracked': { data: Int32Array.of(3), shape: [] },
      'backbone.fc.bias': own['norm.bias']!,
    };
    const { config: read, loaded, table } = await load(arrays, { image: { size: 64 } });
    expect(read).toEqual(resnet);
    expect(loaded).toEqual(parameters(resnet));
    expect(table.filter(({ status }) => status === 'left over')).toHaveLength(2);
  });
});

describe('another input', () => {
  test('grey images get the sum of the colours', async () => {
    const { config: read, loaded, table } = await load(own, { image: { channels: 1 } });
    expect(read.channels).toBe(1);
    const [three, one] = [own['patch_embed.proj.weight']!.data, loaded['patch_embed.proj.weight']!.data];
    expect(one[5]).toBeCloseTo(three[5]! + three[16 + 5]! + three[32 + 5]!, 6);
    expect(table.find(({ parameter }) => parameter === 'patch_embed.proj.weight')).toMatchObject({ status: 'converted', note: '3 channels summed' });
  });

  // Values of torch.nn.functional.interpolate(mode="bicubic") on the grid 1 2 4 / 0 3 1 / 5 -2 2.
  const grid = [1, 2, 4, 0, 3, 1, 5, -2, 2];
  const torch = {
    antialias: {
      5: [
        1.01139, 1.27021, 1.92453, 3.45705, 4.40014, 0.26317, 1.16451, 2.57463, 2.88405, 2.92777, -0.22641, 1.14179, 3, 1.83582, 0.84906, 3.45832, 1.93105,
        -0.20149, 0.76053, 1.64447, 5.96262, 2.45804, -2.37736, 0.16643, 2.41153,
      ],
      2: [1.17023, 2.86861, 1.94353, 0.78358],
    },
    corners: {
      5: [
        1, 1.3125, 2, 3.09375, 4, 0.03125, 1.55273, 2.96875, 2.96289, 2.40625, 0, 1.6875, 3, 2.28125, 1, 2.40625, 1.44141, 0.59375, 0.73633, 1.21875, 5, 1.125,
        -2, -0.65625, 2,
      ],
      2: [1, 4, 5, 2],
    },
  } as const;
  const asTorchvision = (name: string): string =>
    name
      .replace(/^cls_token/, 'class_token')
      .replace(/^pos_embed/, 'encoder.pos_embedding')
      .replace(/^patch_embed\.proj/, 'conv_proj')
      .replace(/^norm\./, 'encoder.ln.')
      .replace(/^blocks\.(\d)/, 'encoder.layers.encoder_layer_$1')
      .replace('norm1', 'ln_1')
      .replace('norm2', 'ln_2')
      .replace('attn.qkv.', 'self_attention.in_proj_')
      .replace('attn.proj', 'self_attention.out_proj')
      .replace('mlp.fc1', 'mlp.0')
      .replace('mlp.fc2', 'mlp.3');

  test.each([
    ['timm', 'antialias', 5],
    ['timm', 'antialias', 2],
    ['torchvision', 'corners', 5],
    ['torchvision', 'corners', 2],
  ] as const)('positions of %s are resampled as it does (%s) to %d x %d', async (library, how, side) => {
    const table = own['pos_embed']!.data.map((value, i) => (i % 8 === 0 && i >= 8 ? grid[i / 8 - 1]! : value)) as Float32Array;
    const arrays = { ...own, pos_embed: { ...own['pos_embed']!, data: table } };
    const { loaded } = await load(library === 'timm' ? arrays : renamed(arrays, asTorchvision), { image: { size: 4 * side } });
    const positions = loaded['pos_embed']!;
    expect(positions.shape).toEqual([1, side * side + 1, 8]);
    expect(positions.data.slice(0, 8)).toEqual(table.slice(0, 8));
    torch[how][side].forEach((value, i) => expect(positions.data[(i + 1) * 8]).toBeCloseTo(value, 4));
  });
});

describe('what matters is an error', () => {
  test.each<[string, Arrays, Options, RegExp]>([
    ['a missing norm', without(own, 'blocks.1.norm2'), {}, /^safetensors data: has no tensor for blocks\.1\.norm2\.weight, blocks\.1\.norm2\.bias; /],
    ['a missing block', without(own, 'blocks.0.'), {}, /has 1 blocks but none with number 0/],
    ['no positions', without(own, 'pos_embed'), {}, /has no position embedding/],
    ['no encoder', { x: own['norm.bias']! }, {}, /holds no vision encoder that this knows/],
    ['two encoders', { ...own, ...renamed(own, (name) => `teacher.${name}`) }, {}, /holds 2 vision encoders, under "", "teacher\."/],
    [
      'an unknown tensor in a block',
      { ...own, 'blocks.0.attn.q_norm.weight': own['norm.bias']! },
      {},
      /"blocks\.0\.attn\.q_norm\.weight" is of no vision transformer/,
    ],
    [
      'another shape',
      { ...own, 'blocks.0.norm1.weight': own['cls_token']!, 'norm.weight': own['blocks.0.mlp.fc1.bias']! },
      {},
      /norm\.weight \[12\] cannot be norm\.weight \[8\]/,
    ],
    ['a patch that does not divide', own, { image: { size: 30 } }, /patches of 4 pixels do not divide images of 30; give --image-size 32/],
    ['heads that do not divide', own, { config: { num_heads: 3 } }, /"num_heads" is 3, which does not divide the width 8/],
    ['heads that nobody tells', own, { config: undefined }, /"num_heads" is missing, and the tensors do not tell/],
    ['two channels', own, { image: { channels: 2 } }, /is for 3 channels, the images have 2/],
    [
      'a deep stem',
      { 'layer1.0.conv1.weight': own['cls_token']!, 'conv1.0.weight': own['cls_token']! },
      {},
      /"conv1\.0\.weight" is of a ResNet of another plan/,
    ],
  ])('%s', async (_, arrays, options, message) => expectRefusal(load(arrays, options), message));
});

describe('a hostile config', () => {
  const arrays = renamed(own, (name) =>
    name.replace('patch_embed.proj', 'embeddings.patch_embeddings.projection').replace('pos_embed', 'embeddings.position_embeddings'),
  );
  const sound = {
    model_type: 'vit',
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    patch_size: 4,
    image_size: 12,
    intermediate_size: 12,
    layer_norm_eps: 1e-6,
  };
  const shapes = shapesOf(arrays);
  const read = (json: unknown) => visionWeights(shapes, { config: json, configLabel: 'config.json' });

  test('the sound one is read', () => {
    expect(read(sound).config).toMatchObject({ width: 8, heads: 2, imageSize: 12 });
  });

  test.each<[string, unknown, RegExp]>([
    ['a negative size', { ...sound, hidden_size: -8 }, /config\.json: "hidden_size" is -8; it must be a whole number of at least 1/],
    ['a huge depth', { ...sound, num_hidden_layers: 2e9 }, /"num_hidden_layers" is 2000000000, the tensors say 2/],
    ['beyond all numbers', { ...sound, num_hidden_layers: 1e300 }, /"num_hidden_layers" is 1e\+300; it must be a whole number/],
    ['a missing field', { ...sound, num_attention_heads: undefined }, /"num_attention_heads" is missing/],
    ['null', { ...sound, num_attention_heads: null }, /"num_attention_heads" is missing/],
    ['text', { ...sound, hidden_size: '8' }, /"hidden_size" is "8"/],
    ['a list', { ...sound, patch_size: [4, 4] }, /"patch_size" is \[4,4\]/],
    ['an unknown model', { ...sound, model_type: 'swin' }, /"model_type" is "swin"; this loads vit, /],
    ['a name of every object', { ...sound, model_type: 'constructor' }, /"model_type" is "constructor"/],
    ['an unknown activation', { ...sound, hidden_act: 'relu' }, /"hidden_act" is "relu"/],
    ['epsilon 0', { ...sound, layer_norm_eps: 0 }, /"layer_norm_eps" is 0; it must be a positive number/],
    ['a list as a whole', [sound], /is not a JSON object/],
    ['a text as a whole', 'vit', /is not a JSON object/],
  ])('%s', (_, json, message) => {
    expect(() => read(json)).toThrow(WeightsError);
    expect(() => read(json)).toThrow(message);
  });

  test('10,000 random ones give an answer or a WeightsError', () => {
    expectRobust(read, sound, ['hidden_act', 'num_channels', 'model_args', 'vision_config', '__proto__'], [1, 2, 4, 8, 12, 'gelu', 'dinov2']);
  });
});
