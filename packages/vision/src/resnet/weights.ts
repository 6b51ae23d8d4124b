// From the tensors of a torchvision or timm ResNet-18, 34, 50 or 101 (or any of their plan) to ours.
import type { ConfigFields, Recipe } from '@hybridmed/nn/weights';
import { configFields, WeightsError } from '@hybridmed/nn/weights';
import type { PublishedTensors, ReadEncoder } from '../encoder-row.ts';
import { bareName, expandNames } from '../weights/architecture-names.ts';
import { paddedFirstLayer } from '../weights/first-layer.ts';
import { imageSizeOf } from '../weights/tensors.ts';
import { readTimmConfig, unknownName } from '../weights/timm-config.ts';
import type { ResNetConfig } from './resnet.ts';

/** Names of timm's plain ResNets: 7 x 7 stem, ReLU, max pooling, no anti-aliasing. */
export const plainResNets: ReadonlySet<string> = new Set(
  expandNames('resnet{18,26,34,50,101,152,200} tv_resnet{34,50,101,152} ssl_resnet{18,50} swsl_resnet{18,50} gluon_resnet{18,34,50,101,152}_v1b'),
);

/** Refuses a ResNet whose name is not of a plain one, or whose arguments change it. Gives what is assumed where no config names it. */
function checkPlain(fields: ConfigFields): readonly string[] {
  const { name, pooling } = readTimmConfig(fields, 'layers channels stem_width');
  if (name !== undefined && !plainResNets.has(bareName(name))) fields.refuse('architecture', unknownName(name, '"resnet50"'));
  if (pooling === 'token') fields.refuse('global_pool', 'is "token"; a ResNet is pooled by avg');
  return name === undefined ? ['a plain ResNet: ReLU, max pooling, nothing dilated and nothing against aliasing (no "architecture" in a config)'] : [];
}

const anchor = 'layer1.0.conv1.weight';

/** Prefixes under which a ResNet lies. */
export const findResNets = (names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const prefix = name.slice(0, -anchor.length);
    return name === prefix + anchor && (prefix === '' || prefix.endsWith('.')) ? [prefix] : [];
  });

const parameter =
  /^(?:conv1\.weight|bn1\.(?:weight|bias|running_mean|running_var)|layer\d+\.\d+\.(?:conv\d\.weight|bn\d\.(?:weight|bias|running_mean|running_var)|downsample\.(?:0\.weight|1\.(?:weight|bias|running_mean|running_var))))$/;

/** Our configuration and recipes of a ResNet. Throws a WeightsError for one of another plan (deep stems, squeeze-and-excitation, groups). */
export function readResNet({ shapes, prefix, config: json, configLabel, label, image, normalization }: PublishedTensors): ReadEncoder<ResNetConfig> {
  const fail = (problem: string): never => {
    throw new WeightsError(`${label}: ${problem}`);
  };
  const fields = configFields(json ?? {}, configLabel);
  const assumed = checkPlain(fields);
  const own = Object.keys(shapes).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const segments = Object.keys(shapes).find((name) => /(?:^|\.)(?:aux_)?classifier\.0\.(?:.+\.)?weight$/.test(name) && shapes[name]!.length === 4);
  if (segments !== undefined) fail(`tensor "${segments}" is of a segmentation network, whose ResNet is dilated; this loads ResNets that are not`);
  const recipes: Record<string, Recipe> = {};
  for (const name of own) {
    if (parameter.test(name)) recipes[name] = { from: [prefix + name] };
    else if (/^(?:conv1|bn1|layer\d+|stem|attnpool)\./.test(name) && !name.endsWith('num_batches_tracked'))
      fail(`tensor "${prefix}${name}" is of a ResNet of another plan; this loads torchvision's and timm's plain ResNets, such as 18, 34, 50 and 101`);
  }
  const shapeOf = (name: string) => shapes[prefix + name] ?? fail(`has no tensor "${prefix}${name}"; the checkpoint is cut short`);
  const layers: number[] = [];
  for (let stage = 1; own.includes(`layer${stage}.0.conv1.weight`); stage++) {
    let count = 1;
    while (own.includes(`layer${stage}.${count}.conv1.weight`)) count++;
    layers.push(count);
  }
  const block = own.includes('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const [stem, channels, side] = shapeOf('conv1.weight') as [number, number, number];
  if (side !== 7) fail(`its first convolution is ${side} x ${side}; this loads ResNets that begin with 7 x 7`);
  const { channels: wanted = channels } = image;
  const first = paddedFirstLayer({ tensor: `${prefix}conv1.weight`, shape: shapeOf('conv1.weight'), wanted, normalization, label });
  const config: ResNetConfig = {
    kind: 'resnet',
    imageSize: image.size ?? imageSizeOf(fields) ?? 224,
    channels: wanted,
    ...first.input,
    layers,
    channelsPerStage: layers.map((_, i) => shapeOf(`layer${i + 1}.0.conv1.weight`)[0]!),
    ...(stem === 64 ? {} : { stem }),
    ...(block === 'basic' ? { block } : {}),
  };
  recipes['conv1.weight'] = first.recipe;
  return { config, recipes, assumed };
}
