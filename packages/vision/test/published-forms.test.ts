// Convolutional encoders of every library: read from names, shapes and the architecture's name, saved as their library publishes them, refused otherwise.
import type { TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { ConvNeXtConfig, DenseNetConfig, EfficientNetConfig, InvertedResidual, VisionConfig } from '@hybridmed/vision';
import { densenet, densenet121, efficientnet, publishVision, visionEncoder, visionWeights } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';

const shapesOf = (config: VisionConfig): TensorShapes =>
  Object.fromEntries(Object.entries(visionEncoder(config).parameters).map(([name, { shape }]) => [name, shape]));

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const blocks = (count: number, stride: number, block: Partial<InvertedResidual>): InvertedResidual[] =>
  Array.from({ length: count }, (_, i) => ({ kernel: 3, stride: i === 0 ? stride : 1, outputs: 8, ...block }));

const usual = [1, 2, 2, 2, 1, 2, 1];
const stagesOf = (squeeze?: number, repeats = usual.map(() => 2)): InvertedResidual[][] =>
  usual.map((stride, stage) =>
    blocks(repeats[stage]!, stride, { kernel: stage % 2 === 0 ? 3 : 5, ...(stage === 0 ? {} : { inner: 24 }), ...(squeeze ? { squeeze } : {}) }),
  );
const net: Omit<EfficientNetConfig, 'names' | 'architecture' | 'activation' | 'stages'> = {
  kind: 'efficientnet',
  imageSize: 64,
  channels: 3,
  ...imagenet,
  stem: 8,
  head: 40,
};
const tensorflow = { padding: 'same', epsilon: 1e-3 } as const;
const hard = { activation: 'hardSwish', squeezeActivation: 'relu', gate: 'hardSigmoid' } as const;
const smallStages = [2, 2, 2, 1, 2].map((stride, stage) =>
  blocks(2, stride, { ...(stage === 0 ? {} : { inner: 16 }), ...(stage === 1 ? {} : { squeeze: 4 }) }),
);
const dense: DenseNetConfig = { ...densenet121, imageSize: 64, layers: [2, 3, 2, 1], growth: 8, bottleneck: 32, stem: 16, transitions: [16, 20, 18] };
const next: ConvNeXtConfig = { kind: 'convnext', imageSize: 64, channels: 3, depths: [1, 2, 1, 1], widths: [8, 16, 24, 32], architecture: 'convnext_tiny' };

const cases: Readonly<Record<string, VisionConfig>> = {
  'EfficientNet of torchvision': { ...net, names: 'torchvision', architecture: 'efficientnet_b2', activation: 'silu', stages: stagesOf(3) },
  'EfficientNet-B5 of torchvision': { ...net, names: 'torchvision', architecture: 'efficientnet_b5', activation: 'silu', epsilon: 1e-3, stages: stagesOf(3) },
  'EfficientNet of timm': { ...net, names: 'timm', architecture: 'efficientnet_b0', activation: 'silu', stages: stagesOf(3) },
  "EfficientNet of timm with TensorFlow's padding": {
    ...net,
    ...tensorflow,
    names: 'timm',
    architecture: 'tf_efficientnet_b0',
    activation: 'silu',
    stages: stagesOf(3),
  },
  'EfficientNet-Lite of timm, grey images': { ...net, channels: 1, names: 'timm', architecture: 'efficientnet_lite0', activation: 'relu6', stages: stagesOf() },
  'MobileNetV2 of timm': { ...net, names: 'timm', architecture: 'mobilenetv2_100', activation: 'relu6', stages: stagesOf() },
  'EfficientNet-Lite of efficientnet_lite_pytorch': {
    ...net,
    ...tensorflow,
    names: 'efficientnet_lite_pytorch',
    architecture: 'efficientnet-lite0',
    activation: 'relu6',
    stages: stagesOf(undefined, [1, 2, 2, 3, 3, 4, 1]),
  },
  'MobileNetV3 of timm': { ...net, ...hard, names: 'timm_mobilenetv3', architecture: 'mobilenetv3_small_100', reluStages: 2, stages: smallStages },
  'DenseNet of torchvision': { ...dense, ...imagenet, library: 'torchvision', architecture: 'densenet121' },
  'DenseNet of timm': { ...dense, ...imagenet, library: 'timm', architecture: 'densenet121' },
  'DenseNet of torchxrayvision': { ...dense, channels: 1, mean: [0.5], std: [1 / 2048], library: 'torchxrayvision', architecture: 'densenet' },
  ConvNeXt: next,
  'ConvNeXt of 1 x 1 convolutions': { ...next, convolutionalMlp: true, architecture: 'convnext_nano', layerScale: false, ffn: [8, 16, 24, 30], epsilon: 1e-5 },
  'ResNet of normalized images': { kind: 'resnet', imageSize: 64, channels: 1, ...imagenet, layers: [1, 1, 1, 1], channelsPerStage: [8, 8, 8, 8], stem: 64 },
};

describe.each(Object.entries(cases))('%s', (_, config) => {
  const { config: json, extra } = publishVision(config);

  test('what is saved is read as the encoder that was', () => {
    const image = { size: config.imageSize, channels: config.channels };
    const { config: read, recipes, assumed } = visionWeights(shapesOf(config), { config: json, image });
    const { stem, ...rest } = config as { stem?: number };
    expect(read).toEqual(config.kind === 'resnet' && stem === 64 ? rest : config);
    expect(assumed).toEqual([]);
    expect(Object.keys(recipes).toSorted()).toEqual(Object.keys(visionEncoder(config).parameters).toSorted());
    expect(extra).toEqual({});
  });

  test('under another prefix too; a tensor that it has no use for inside is refused', () => {
    const shapes = shapesOf(config);
    const moved = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`image.${name}`, shape]));
    const image = { size: config.imageSize, channels: config.channels };
    expect(visionWeights(moved, { config: json, image }).recipes).not.toEqual({});
    const [last] = Object.keys(shapes).toReversed();
    const odd = `${last!.split('.')[0]}.odd.weight`;
    if (config.kind !== 'resnet') expect(() => visionWeights({ ...shapes, [odd]: [3] }, { config: json })).toThrow(`tensor "${odd}"`);
  });
});

const refusal = (shapes: TensorShapes, config?: unknown): string => {
  try {
    visionWeights(shapes, { config, label: 'DIR' });
  } catch (error) {
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  return 'accepted';
};

describe('refused in one line', () => {
  const [b0, lite, mobile] = [cases['EfficientNet of timm']!, cases['EfficientNet-Lite of timm, grey images']!, cases['MobileNetV3 of timm']!];
  test.each<[string, TensorShapes, unknown, string]>([
    ['no architecture', shapesOf(b0), undefined, '"architecture" is missing, and the tensors do not tell steps, padding, epsilon and activation'],
    ['an architecture that is none of these', shapesOf(b0), { architecture: 'efficientnet_cc_b0_4e' }, 'which is not one that this loads'],
    ['a name of another library', shapesOf(cases['EfficientNet of torchvision']!), { architecture: 'tf_efficientnet_b0' }, 'which is not one that this loads'],
    ['squeeze-and-excitation that the name has not', shapesOf(b0), { architecture: 'efficientnet_lite0' }, 'whose blocks have no squeeze-and-excitation'],
    ['none, where the name has it', shapesOf(lite), { architecture: 'efficientnet_b0' }, 'whose blocks have squeeze-and-excitation'],
    ['stages that the name has not', shapesOf(mobile), { architecture: 'mobilenetv3_large_100' }, 'has no blocks of stage'],
    ['another activation', shapesOf(b0), { architecture: 'efficientnet_b0', model_args: { act_layer: 'relu' } }, '"act_layer" changes'],
    ['another output stride', shapesOf(b0), { architecture: 'efficientnet_b0', model_args: { output_stride: 16 } }, '"output_stride" changes'],
    ['a DenseNet against aliasing', shapesOf(dense), { architecture: 'densenetblur121d' }, 'which is not one that this loads'],
    ['a DenseNet of another size', shapesOf(dense), { architecture: 'densenet', growth_rate: 32 }, '"growth_rate" is 32, the tensors say 8'],
    ['a ConvNeXt without a name', shapesOf(next), {}, '"architecture" is missing'],
    ['a ConvNeXt of other norms', shapesOf(next), { architecture: 'convnext_atto_rms' }, 'which is not one that this loads'],
    ['a stem of overlapping windows', shapesOf(next), { architecture: 'convnext_tiny', model_args: { stem_type: 'overlap' } }, '"stem_type" is "overlap"'],
    [
      'means of another number of channels',
      shapesOf(b0),
      { architecture: 'efficientnet_b0', pretrained_cfg: { mean: [0.4, 0.5], std: [1, 1] } },
      'normalizes 2 channels',
    ],
    ['a deviation of 0', shapesOf(b0), { architecture: 'efficientnet_b0', pretrained_cfg: { mean: [0.4], std: [0] } }, '"std" holds a number outside'],
    ['a range that is none', shapesOf(dense), { architecture: 'densenet', input_range: [1, -1] }, '"input_range" is no pair'],
    ['images that are not square', shapesOf(dense), { architecture: 'densenet', pretrained_cfg: { input_size: [3, 64, 32] } }, 'square images'],
  ])('%s', (_, shapes, config, words) => {
    expect(refusal(shapes, config)).toContain(words);
  });
});

test("without a config a torchxrayvision's DenseNet is known by its thresholds, and its scaling is said", () => {
  const shapes = { ...shapesOf({ ...dense, channels: 1 }), op_threshs: [18], 'classifier.weight': [18, 20] };
  const { config, assumed } = visionWeights(shapes, {});
  expect(config).toMatchObject({ library: 'torchxrayvision', mean: [0.5], std: [1 / 2048] });
  expect(assumed.join()).toContain('-1024 to 1024');
});

test("torchvision's files of DenseNets call layers by earlier names", () => {
  const earlier = (name: string): string => name.replace(/(denselayer\d+\.(?:norm|conv))([12])\./, '$1.$2.');
  const shapes = shapesOf(dense);
  const { config, recipes } = visionWeights(Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [earlier(name), shape])), {
    config: { architecture: 'densenet121', library: 'torchvision' },
  });
  expect(config).toMatchObject({ layers: dense.layers, growth: dense.growth });
  for (const name of Object.keys(shapes)) expect(recipes[name]!.from).toEqual([earlier(name)]);
});

test('published sizes', () => {
  const count = (config: VisionConfig) =>
    Object.values(visionEncoder(config).parameters).reduce((sum, { shape, buffer }) => (buffer ? sum : sum + shape.reduce((a, b) => a * b, 1)), 0);
  // Without their classifiers: torchvision's DenseNet-121 has 7,978,856 parameters, of which 1,025,000 classify; timm's ConvNeXt-T 27,818,592 without head.fc, 1,536 in head.norm.
  expect(count(densenet121)).toBe(7_978_856 - 1_025_000);
  expect(densenet(densenet121).width).toBe(1024);
  expect(efficientnet(cases['EfficientNet of timm'] as EfficientNetConfig).tokenCount).toBe(4);
});
