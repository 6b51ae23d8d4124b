import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { compile, sizeOf } from '@hybridmed/tensor';
import type { ViTConfig } from '@hybridmed/vision';
import { resnet, resnet50, visionEncoder, vit, vitB16, vitS16, vitTi16 } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';
import { hasGoldens, readGolden, relativeError } from '../../nn/test/support/goldens.ts';

const device = plainDevice();
const count = (parameters: Readonly<Record<string, { shape: readonly number[]; buffer?: boolean }>>) =>
  Object.values(parameters).reduce((total, { shape, buffer }) => (buffer ? total : total + sizeOf(shape)), 0);

function encode(encoder: ReturnType<typeof visionEncoder>, parameters: HostArrays, image: HostArrays[string], training = false) {
  return compile(device, ({ image: x, ...own }) => {
    const updates = {};
    return { ...encoder.call(rootScope(own, { training, updates }), x!), ...updates };
  })({ ...parameters, image });
}

describe('sizes are the published ones', () => {
  test('ViT, without a classifier', () => {
    expect([vitTi16, vitS16, vitB16].map((config) => count(vit(config).parameters))).toEqual([5_524_416, 21_665_664, 85_798_656]);
    const names = Object.keys(vit(vitTi16).parameters);
    for (const name of [
      'cls_token',
      'pos_embed',
      'patch_embed.proj.weight',
      'blocks.11.attn.qkv.bias',
      'blocks.0.norm1.weight',
      'blocks.5.mlp.fc2.weight',
      'norm.bias',
    ])
      expect(names).toContain(name);
  });

  test('ResNet-50, without a classifier', () => {
    const { parameters } = resnet(resnet50);
    expect(count(parameters)).toBe(23_508_032);
    for (const name of ['conv1.weight', 'bn1.running_var', 'layer1.0.downsample.0.weight', 'layer3.5.bn3.bias', 'layer4.2.conv3.weight'])
      expect(parameters).toHaveProperty([name]);
  });
});

describe('features', () => {
  const image = { data: Float32Array.from({ length: 2 * 32 * 32 }, (_, i) => Math.sin(i / 7)), shape: [2, 1, 32, 32] };

  test.each([
    ['vit', visionEncoder({ kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 24, depth: 2, heads: 3 })],
    ['resnet', visionEncoder({ kind: 'resnet', imageSize: 32, channels: 1, layers: [1, 1, 1, 1], channelsPerStage: [4, 6, 8, 10], stem: 4 } as never)],
  ])('%s has its token count and width, and encodes each image alone', async (_, encoder) => {
    const parameters = initialize(encoder.parameters, 3);
    const both = await encode(encoder, parameters, image);
    expect(both.tokens!.shape).toEqual([2, encoder.tokenCount, encoder.width]);
    expect(both.global!.shape).toEqual([2, encoder.width]);
    const second = await encode(encoder, parameters, { data: image.data.slice(32 * 32), shape: [1, 1, 32, 32] });
    expect(relativeError(second.global!.data, both.global!.data.slice(encoder.width))).toBeLessThan(1e-5);
  });

  test.each([
    ['a class token', {}],
    ['registers', { registers: 2 }],
    ['a mean', { pool: 'mean' }],
    ['a mean without a class token', { pool: 'meanNormed', classToken: false }],
  ] as const)('ViT with %s: a patch that is taken out has no part in the features of the others', async (_, more) => {
    const encoder = vit({ kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 24, depth: 2, heads: 3, ...more });
    const parameters = initialize(encoder.parameters, 3);
    const partly = (pixels: HostArrays[string], shown: HostArrays[string]) =>
      compile(device, ({ image: x, shown: kept, ...own }) => ({ ...encoder.partial!(rootScope(own), x!, kept!) }))({ ...parameters, image: pixels, shown });
    const whole = await encode(encoder, parameters, image);
    const all = await partly(image, { data: new Float32Array(2 * 16).fill(1), shape: [2, 16] });
    for (const name of Object.keys(whole)) expect(relativeError(all[name]!.data, whole[name]!.data), name).toBeLessThan(1e-5);
    // Patch 5 lies in rows and columns 8 to 15.
    const changed = image.data.map((value, i) => (Math.floor((i % 1024) / 256) === 1 && Math.floor((i % 32) / 8) === 1 ? 9 : value));
    const without = { data: Float32Array.from({ length: 2 * 16 }, (__, i) => (i % 16 === 5 ? 0 : 1)), shape: [2, 16] };
    const [before, after] = [await partly(image, without), await partly({ ...image, data: changed }, without)];
    const others = ({ data }: HostArrays[string]) => Float32Array.from(data).filter((__, i) => Math.floor(i / 24) % 16 !== 5);
    expect(relativeError(others(after.tokens!), others(before.tokens!))).toBeLessThan(1e-6);
    expect(relativeError(after.global!.data, before.global!.data)).toBeLessThan(1e-6);
    expect(relativeError(before.global!.data, whole.global!.data)).toBeGreaterThan(1e-4);
  });

  test('dropout needs training', async () => {
    const config = { kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 24, depth: 1, heads: 3 } as const;
    const [dry, wet] = [vit(config), vit({ ...config, dropout: 0.5 })];
    const parameters = initialize(dry.parameters, 3);
    expect((await encode(wet, parameters, image)).global!.data).toEqual((await encode(dry, parameters, image)).global!.data);
  });
});

describe.skipIf(!hasGoldens)('reference values (skipped where shared/goldens is absent)', () => {
  test.each(['vit', 'resnet-eval', 'resnet-train'])('%s', async (name) => {
    const { json, part } = readGolden(name);
    // Goldens say `image` for the side.
    const { image: imageSize, ...sizes } = json.config as unknown as ViTConfig & { image: number };
    const after = part('buffer_after.');
    const results = await encode(
      visionEncoder({ ...sizes, imageSize }),
      { ...part('param.'), ...part('buffer.') },
      part('in.').image!,
      Object.keys(after).length > 0,
    );
    for (const [output, { data }] of Object.entries({ ...part('out.'), ...after }))
      expect(relativeError(results[output]!.data, data), output).toBeLessThan(1e-4);
  });
});
