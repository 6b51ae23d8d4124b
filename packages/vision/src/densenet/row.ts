// The row of DenseNets: torchvision's and timm's, and torchxrayvision's of one grey channel.
import { count, line, list, oneOf, optional } from '@hybridmed/nn/rules';
import type { ConfigFields } from '@hybridmed/nn/weights';
import { configFields } from '@hybridmed/nn/weights';
import type { EncoderRow, PublishedForm, PublishedTensors, ReadEncoder } from '../encoder-row.ts';
import { firstChannels, imageRules } from '../image-input.ts';
import { bareName, expandNames } from '../weights/architecture-names.ts';
import { paddedFirstLayer } from '../weights/first-layer.ts';
import { imageSizeOf, prefixesOf, recipesOf, tensorsOf } from '../weights/tensors.ts';
import { pretrainedConfig, readTimmConfig, timmForm, unknownName } from '../weights/timm-config.ts';
import type { DenseNetConfig } from './densenet.ts';
import { densenet } from './densenet.ts';

/** Names of plain DenseNets: 7 x 7 stem, ReLU, max pooling, no anti-aliasing. */
export const plainDenseNets: ReadonlySet<string> = new Set(expandNames('densenet densenet{121,161,169,201} tv_densenet121'));

const libraries = ['torchvision', 'timm', 'torchxrayvision'] as const;

/** What the config says: the architecture's name and the library, or what is assumed without one. */
function stated(
  fields: ConfigFields,
  xrayvision: boolean,
): { readonly library: NonNullable<DenseNetConfig['library']>; readonly architecture: string; readonly assumed: readonly string[] } {
  const { name, pooling } = readTimmConfig(fields, 'growth_rate block_config bn_size memory_efficient', ['avg']);
  const usual = xrayvision ? 'torchxrayvision' : fields.has('model_args') || fields.has('pretrained_cfg') ? 'timm' : 'torchvision';
  const said = fields.text('library', usual);
  const library = libraries.find((one) => one === said) ?? fields.refuse('library', `is "${said}"; this loads ${libraries.join(', ')}`);
  if (pooling === 'token') fields.refuse('global_pool', 'is "token"; a DenseNet is pooled by avg');
  if (name !== undefined && !plainDenseNets.has(bareName(name))) fields.refuse('architecture', unknownName(name, '"densenet121"'));
  const assumed = name === undefined ? ['a plain DenseNet: ReLU, max pooling, nothing against aliasing (no "architecture" in a config)'] : [];
  return { library, architecture: name === undefined ? 'densenet' : bareName(name), assumed };
}

/** Refuses a config whose sizes are not those of the tensors. */
function checkSizes(fields: ConfigFields, { growth, bottleneck, layers, stem }: Pick<DenseNetConfig, 'growth' | 'bottleneck' | 'layers' | 'stem'>): void {
  const agree = (key: string, tensors: number): void => {
    if (fields.has(key) && fields.count(key) !== tensors)
      fields.refuse(key, `is ${fields.count(key)}, the tensors say ${tensors}; the config is of another checkpoint`);
  };
  agree('growth_rate', growth);
  agree('num_init_features', stem);
  if (fields.has('bn_size')) agree('bn_size', bottleneck / growth);
  if (fields.has('block_config') && fields.numbers('block_config').join() !== layers.join())
    fields.refuse('block_config', `is ${fields.numbers('block_config').join(', ')}, the tensors say ${layers.join(', ')}; the config is of another checkpoint`);
}

/** torchvision's files call "norm1" by the name that it had at first, "norm.1". */
const currentName = (name: string): string => name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.');

/** Reads a checkpoint under today's names, and gives recipes of the tensors as they are called in it. */
function read(checkpoint: PublishedTensors): ReadEncoder<DenseNetConfig> {
  const ownNames = new Map(Object.keys(checkpoint.shapes).map((name) => [currentName(name), name]));
  const shapes = Object.fromEntries([...ownNames].map(([name, own]) => [name, checkpoint.shapes[own]!]));
  const { recipes, ...encoder } = readCurrent({ ...checkpoint, shapes });
  const named = Object.entries(recipes).map(([parameter, recipe]) => [parameter, { ...recipe, from: recipe.from.map((name) => ownNames.get(name)!) }] as const);
  return { ...encoder, recipes: Object.fromEntries(named) };
}

function readCurrent(checkpoint: PublishedTensors): ReadEncoder<DenseNetConfig> {
  const { prefix, config: json, configLabel, label, image } = checkpoint;
  const { has, shapeOf } = tensorsOf(checkpoint);
  const fields = configFields(json ?? {}, configLabel);
  const { library, architecture, assumed } = stated(fields, has('op_threshs'));
  const layerName = (block: number, i: number) => `features.denseblock${block}.denselayer${i}`;
  const layers: number[] = [];
  for (let block = 1; has(`${layerName(block, 1)}.conv1.weight`); block++) {
    let last = 1;
    while (has(`${layerName(block, last + 1)}.conv1.weight`)) last++;
    layers.push(last);
  }
  const stem = shapeOf('features.conv0.weight');
  const sizes = {
    layers,
    growth: shapeOf(`${layerName(1, 1)}.conv2.weight`)[0]!,
    bottleneck: shapeOf(`${layerName(1, 1)}.conv1.weight`)[0]!,
    stem: stem[0]!,
  };
  checkSizes(fields, sizes);
  // torchxrayvision scales 8-bit images to -1024 to 1024, whatever the checkpoint.
  const scaled = { mean: [0.5], std: [1 / 2048], source: 'convention' };
  const silent = library === 'torchxrayvision' && checkpoint.normalization === undefined;
  const normalization = silent ? scaled : checkpoint.normalization;
  const { channels: wanted = stem[1]! } = image;
  const first = paddedFirstLayer({ tensor: `${prefix}features.conv0.weight`, shape: stem, wanted, normalization, label });
  const transitions = layers.slice(1).map((_, i) => shapeOf(`features.transition${i + 1}.conv.weight`)[0]!);
  const config: DenseNetConfig = {
    kind: 'densenet',
    imageSize: image.size ?? imageSizeOf(fields) ?? 224,
    channels: wanted,
    ...first.input,
    ...sizes,
    transitions,
    library,
    architecture,
  };
  const recipes = { ...recipesOf(checkpoint, densenet(config).parameters, /^classifier\./), 'features.conv0.weight': first.recipe };
  return { config, recipes, assumed: [...assumed, ...(silent ? ['images scaled to -1024 to 1024, as torchxrayvision does'] : [])] };
}

/** A DenseNet as its library publishes one. */
function publish(config: DenseNetConfig): PublishedForm {
  const { layers, growth, bottleneck, stem, library = 'torchvision', architecture = 'densenet' } = config;
  const images = { ...config, channels: firstChannels(config) };
  if (library === 'timm')
    return {
      ...timmForm(architecture, { in_chans: images.channels, growth_rate: growth, block_config: layers, bn_size: bottleneck / growth }, images),
      extra: {},
    };
  const sizes = { growth_rate: growth, block_config: layers, num_init_features: stem, bn_size: bottleneck / growth };
  const common = { library, architecture, num_classes: 0, num_features: densenet(config).width, ...sizes };
  const python = Object.entries(sizes).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const load = 'model.load_state_dict(safetensors.torch.load_file(f"{folder}/model.safetensors"), strict=False)\nfeatures = model.features(images)';
  if (library === 'torchvision')
    return {
      library,
      usage: `import safetensors.torch, torchvision\nmodel = torchvision.models.DenseNet(${python.join(', ')}).eval()\n${load}`,
      config: { ...common, in_channels: images.channels, pretrained_cfg: pretrainedConfig(images) },
      extra: {},
    };
  const { mean = [0.5], std = [0.5] } = config;
  return {
    library,
    usage: `import safetensors.torch, torchxrayvision\nmodel = torchxrayvision.models.DenseNet(${python.join(', ')}, in_channels=${images.channels}).eval()\n${load}`,
    config: {
      ...common,
      in_channels: images.channels,
      input_size: [images.channels, config.imageSize, config.imageSize],
      input_range: [-mean[0]! / std[0]!, (1 - mean[0]!) / std[0]!],
    },
    extra: {},
  };
}

/** DenseNet under the names that torchvision, timm and torchxrayvision share. */
export const densenetRow: EncoderRow<DenseNetConfig> = {
  published: 'DenseNets of torchvision, timm and torchxrayvision',
  rules: {
    kind: oneOf('densenet'),
    ...imageRules,
    layers: list(count(256), 8, 1),
    growth: count(1024),
    bottleneck: count(16_384),
    stem: count(16_384),
    transitions: optional(list(count(65_536), 8)),
    library: optional(oneOf(...libraries)),
    architecture: optional(line(80)),
  },
  relations: ({ layers, transitions }) => [['transitions', transitions === undefined || transitions.length === layers.length - 1, 'one fewer than "layers"']],
  build: densenet,
  find: (names) => prefixesOf(names.map(currentName), 'features.conv0.weight', /^features\.denseblock1\.denselayer1\.conv1\.weight$/),
  read,
  publish,
};
