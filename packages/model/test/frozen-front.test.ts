// The frozen front of a model and what is behind it are together the model: for every kind of encoder, at every border.
import { plainDevice } from '@hybridmed/gpujs';
import { composeModel, fineTune } from '@hybridmed/model';
import type { Model } from '@hybridmed/model';
import { frozenFront, imageFeatureGraph } from '@hybridmed/model/graphs';
import { initialize } from '@hybridmed/nn';
import { addLora, freeze } from '@hybridmed/nn/fine-tuning';
import type { HostArray } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import type { VisionConfig } from '@hybridmed/vision';
import { visionEncoder } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';

const image = { imageSize: 32, channels: 1 } as const;
const configs: Readonly<Record<VisionConfig['kind'], VisionConfig>> = {
  vit: { kind: 'vit', ...image, patch: 8, width: 12, depth: 3, heads: 2, dropout: 0.5 },
  resnet: { kind: 'resnet', ...image, layers: [1, 2], channelsPerStage: [4, 6], stem: 4, block: 'basic' },
  densenet: { kind: 'densenet', ...image, layers: [2, 1], growth: 4, bottleneck: 8, stem: 6 },
  convnext: { kind: 'convnext', ...image, depths: [1, 2], widths: [6, 8] },
  efficientnet: {
    kind: 'efficientnet',
    ...image,
    names: 'timm',
    architecture: 'own',
    stem: 4,
    stages: [[{ kernel: 3, stride: 1, outputs: 4, squeeze: 2 }], [{ kernel: 3, stride: 2, outputs: 6, inner: 12 }]],
    head: 10,
    activation: 'silu',
  },
};

const text = bert({ vocabularySize: 20, width: 8, depth: 1, heads: 2, ffn: 8, positions: 8 });
const modelOf = (config: VisionConfig): Model =>
  composeModel({
    vision: visionEncoder(config),
    text,
    align: { width: 4 },
    decoder: { vocabularySize: 20, width: 8, depth: 1, heads: 2, positions: 8 },
    special: { pad: 0, unk: 1, cls: 2, sep: 3 },
  });

const images: HostArray = { data: Float32Array.from({ length: 2 * 32 * 32 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)), shape: [2, 1, 32, 32] };

/** Names of what is frozen up to each border of an encoder's chain, its first `count` layers. */
const patternsOf = ({ vision }: Model, count: number): string[] =>
  vision.chain!.layers.slice(0, count).flatMap(({ parameters }) => Object.keys(parameters).map((name) => `vision.${name}`));

/** Tokens and vector of the images by one model. */
async function features(model: Model, input: HostArray, values: ReturnType<typeof initialize>) {
  const device = plainDevice();
  const program = await device.compile(imageFeatureGraph(model, ['tokens', 'global']));
  const { tokens, global } = await program.run({ image: input }, device.createState(values));
  return { tokens: tokens!, global: global! };
}

describe.each(Object.entries(configs))('%s', (_, config) => {
  const whole = modelOf(config);
  const values = initialize(whole.parameters, 3);
  const { layers } = whole.vision.chain!;

  /** The features by a front and the rest. */
  async function behind(model: Model) {
    const device = plainDevice();
    const front = frozenFront(model)!;
    const { features: made } = await (await device.compile(front.graph)).run({ image: images }, device.createState(values));
    expect(made!.shape).toEqual([2, ...front.shape]);
    const rest = front.rest(() => Promise.reject(new Error('not asked')));
    return { front, features: await features(rest, made!, values) };
  }

  test('is the same cut after any layer, and as a whole', async () => {
    const expected = await features(whole, images, values);
    for (let count = 1; count <= layers.length; count++) {
      const { front, features: own } = await behind(fineTune(whole, { freeze: patternsOf(whole, count) }));
      const all =
        whole.vision.chain!.layers.length === count &&
        !Object.keys(values).some((name) => name.startsWith('vision.') && !patternsOf(whole, count).includes(name));
      expect(front.extent).toBe(all ? 'all of vision' : `vision up to ${layers[count - 1]!.name}`);
      expect(own, front.extent).toEqual(expected);
    }
    const { front, features: own } = await behind(fineTune(whole, { freeze: ['vision.*'] }));
    expect(front.extent).toBe('all of vision');
    expect(own).toEqual(expected);
    expect(Object.keys(front.graph.state).every((name) => name.startsWith('vision.'))).toBe(true);
  });

  test('has no front where its first layer is trained, adapted, or counts statistics', () => {
    expect(frozenFront(whole)).toBeUndefined();
    const first = patternsOf(whole, 1);
    const trained = fineTune(whole, { freeze: patternsOf(whole, 2).filter((name) => !first.includes(name)) });
    expect(frozenFront(trained)).toBeUndefined();
    const statistics = first.filter((name) => name.endsWith('running_mean'));
    if (statistics.length > 0) expect(frozenFront(fineTune(whole, { freeze: first.filter((name) => !statistics.includes(name)) }))).toBeUndefined();
  });
});

test('a layer with an adapter is trained: the front ends before it', () => {
  const model = modelOf(configs.vit);
  const parameters = addLora(freeze(model.parameters, ['vision.*']), { layers: ['vision.blocks.1.attn.qkv'], rank: 1 });
  expect(frozenFront({ ...model, parameters })!.extent).toBe('vision up to blocks.0');
});
