// A vision encoder saved for timm is read back as the one that was saved, with nothing assumed.
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';
import { publishVision, visionEncoder, visionWeights } from '@hybridmed/vision';
import { expect, test } from 'vitest';

const vit: ViTConfig = { kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 48, depth: 2, heads: 3 };
const resnet: ResNetConfig = { kind: 'resnet', imageSize: 64, channels: 1, layers: [2, 1, 1, 1], channelsPerStage: [64, 128, 256, 512], block: 'bottleneck' };

test.each<[string, ViTConfig | ResNetConfig]>([
  ['plain', vit],
  ['colour', { ...vit, channels: 3, ffn: 100 }],
  ['DINOv2', { ...vit, layerScale: true, registers: 4 }],
  ['gates', { ...vit, layerScale: true, mlp: 'swiglu', ffn: 88 }],
  ['CLIP', { ...vit, preNorm: true, patchBias: false, mlp: 'quickGelu', epsilon: 1e-5 }],
  ['CLIP with GELU', { ...vit, preNorm: true, patchBias: false, epsilon: 1e-5 }],
  ['QuickGELU alone', { ...vit, mlp: 'quickGelu' }],
  ['no biases', { ...vit, qkvBias: false }],
  ['a mean', { ...vit, pool: 'mean' }],
  ['a mean that is normed, no class token', { ...vit, pool: 'meanNormed', classToken: false }],
  ['bottlenecks', resnet],
  ['basic blocks', { ...resnet, block: 'basic', layers: [1, 2, 1, 1] }],
])('%s', (_, config) => {
  const shapes = Object.fromEntries(
    Object.entries({ ...visionEncoder(config).parameters, ...publishVision(config).extra }).map(([name, { shape }]) => [name, shape]),
  );
  const { config: read, assumed } = visionWeights(shapes, { config: publishVision(config).config, image: { size: config.imageSize } });
  expect(assumed).toEqual([]);
  const { block, ...rest } = config as ResNetConfig;
  expect(read).toEqual(block === 'basic' ? config : rest);
});
